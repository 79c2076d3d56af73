import { session } from '$lib/state/session.svelte';

// The reference is for everybody; who is signed in only decides what the rail offers.
export async function load(): Promise<void> {
  await session.load().catch(() => null);
}
