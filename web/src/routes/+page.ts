import { redirect } from '@sveltejs/kit';
import { session } from '$lib/state/session.svelte';

export async function load(): Promise<never> {
  redirect(307, (await session.load()) ? '/ask' : '/sign-in');
}
