import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { SystemStatus } from '../api/types';
import { serverStatus } from './status.svelte';

const status = (unembedded: number, hasEncoder = true, hasModel = false): SystemStatus => ({
  version: '1',
  encoder: { available: hasEncoder, name: null, detail: '' },
  knowledge: { tasks: 3, concepts: 2, unembedded },
  language_model: { available: hasModel, name: null, detail: '' },
  sandbox: { languages: ['python'] }
});

/** A server that gives these answers one after the other, the last for ever. */
function serve(...answers: SystemStatus[]) {
  const spy = vi.fn(async () => new Response(JSON.stringify(answers.length > 1 ? answers.shift() : answers[0])));
  vi.stubGlobal('fetch', spy);
  return spy;
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it('asks again while the server is indexing, and then no more', async () => {
  const fetchSpy = serve(status(5), status(1), status(0));
  const end = serverStatus.watch();
  await vi.advanceTimersByTimeAsync(0);
  expect(serverStatus.limits).toContain('Indexing: 5 entries to go');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(fetchSpy).toHaveBeenCalledTimes(3);
  expect(serverStatus.limits).toEqual(['No language model: answers come from the verified library']);
  end();
});

it('does not ask again without an embedding model, or after its end', async () => {
  const missing = serve(status(5, false, true));
  serverStatus.watch();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(missing).toHaveBeenCalledTimes(1);
  expect(serverStatus.limits).toEqual(['Searching by words: embedding model missing']);

  const indexing = serve(status(5));
  serverStatus.watch()();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(indexing).toHaveBeenCalledTimes(1);
});
