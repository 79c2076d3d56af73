import { afterEach, describe, expect, it, vi } from 'vitest';
import type { RunResult } from '../api/types';
import { durationWords, readsInput, Run, statusWords } from './run.svelte';

const OK: RunResult = {
  status: 'ok',
  tier: 'wasm',
  stdout: '4\n',
  stderr: '',
  truncated: false,
  duration_ms: 4.2,
  error: null,
  figures: [],
  reason: null,
  tests: null
};

function answer(body: unknown, status = 200): Response {
  const type = status === 200 ? 'application/json' : 'application/problem+json';
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': type } });
}

afterEach(() => vi.unstubAllGlobals());

describe('a run', () => {
  it('shows what came of it, and can be repeated with other input', async () => {
    const fetched = vi.fn(async (..._: Parameters<typeof fetch>) => answer(OK));
    vi.stubGlobal('fetch', fetched);
    const run = new Run('print(2 + 2)', 'python');
    await run.start();
    expect(run.phase).toBe('ended');
    expect(run.result?.stdout).toBe('4\n');

    run.stdin = 'Ada';
    await run.start();
    const bodies = fetched.mock.calls.map(([, init]) => JSON.parse(String(init?.body)) as unknown);
    expect(bodies).toEqual([
      { code: 'print(2 + 2)', language: 'python' },
      { code: 'print(2 + 2)', language: 'python', stdin: 'Ada' }
    ]);
  });

  it('tells why it was refused, and forgets what came before', async () => {
    vi.stubGlobal(
      'fetch',
      vi
        .fn<typeof fetch>()
        .mockResolvedValueOnce(answer(OK))
        .mockResolvedValueOnce(answer({ title: 'Too large', status: 413, detail: 'the code is too long' }, 413))
    );
    const run = new Run('print(1)', 'python');
    await run.start();
    await run.start();
    expect(run.phase).toBe('failed');
    expect(run.problem).toBe('The code is too long.');
    expect(run.result).toBeUndefined();
  });

  it('that is stopped is no failure', async () => {
    vi.stubGlobal(
      'fetch',
      (_: unknown, init: RequestInit) =>
        new Promise((_, reject) => {
          init.signal?.addEventListener('abort', () => reject(new DOMException('left', 'AbortError')));
        })
    );
    const run = new Run('while True: pass', 'python');
    const ended = run.start();
    run.stop();
    await ended;
    expect(run.phase).toBe('stopped');
    expect(run.problem).toBe('');
  });
});

describe('words', () => {
  it('for a time', () => {
    expect([0.4, 4.2, 999, 1200].map(durationWords)).toEqual(['under 1 ms', '4 ms', '999 ms', '1.2 s']);
  });

  it('for how it ended', () => {
    expect(statusWords({ ...OK, status: 'timeout' })).toBe('Stopped: its time was up');
  });
});

describe('input', () => {
  it('is asked for by code that reads it', () => {
    expect(readsInput('python', 'name = input("? ")')).toBe(true);
    expect(readsInput('javascript', "require('fs').readFileSync(0, 'utf8')")).toBe(true);
  });

  it('is not asked for by other code', () => {
    expect(readsInput('python', 'print("my_input")')).toBe(false);
    expect(readsInput('sql', 'SELECT 1')).toBe(false);
  });
});
