import { redirect } from '@sveltejs/kit';
import { session, signInPath } from '$lib/state/session.svelte';

export async function load({ url }: { url: URL }): Promise<void> {
  if (!(await session.load())) redirect(307, signInPath(url.pathname));
}
