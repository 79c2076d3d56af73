import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Answer, Message } from '../api/types';
import { groupByDay } from './history.svelte';
import { questionText, Thread, turnsOf, type Settings } from './thread.svelte';

const SETTINGS: Settings = { mode: 'auto', language: '', style: 'beginner', model: '' };

function answer(text: string, message: string): Answer {
  return {
    answer: text,
    code: null,
    language: null,
    outcome: 'answered',
    brain: 'LIBRARY',
    reason: 'it was there',
    model: null,
    ai_confidence: 0,
    sources: [],
    checks: {
      syntax: 'passed',
      execution: 'passed',
      notes: [],
      tests_passed: 3,
      tests_total: 3,
      attempts: 1,
      duration_ms: 9
    },
    conversation_id: 'c1',
    message_id: message,
    receipt_id: null
  };
}

/** A server that tells the given events and, unless it ends, waits for the reader to leave. */
function serve(events: [string, unknown][], ends = true) {
  const requests: Record<string, unknown>[] = [];
  vi.stubGlobal('fetch', async (_: string, init: RequestInit) => {
    requests.push(JSON.parse(String(init.body)) as Record<string, unknown>);
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const [event, data] of events) {
          controller.enqueue(new TextEncoder().encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`));
        }
        if (ends) controller.close();
        init.signal?.addEventListener('abort', () => controller.error(new DOMException('stopped', 'AbortError')));
      }
    });
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
  });
  return requests;
}

afterEach(() => vi.unstubAllGlobals());

describe('a thread', () => {
  it('answers and remembers where it is stored', async () => {
    const requests = serve([
      ['token', { text: 'He' }],
      ['token', { text: 'llo' }],
      ['done', answer('Hello', 'm1')]
    ]);
    const thread = new Thread();
    const stored = vi.fn();
    thread.onstored = stored;
    await thread.send({ text: 'hi' }, SETTINGS);
    expect(thread.current?.text).toBe('Hello');
    expect(thread.current?.phase).toBe('done');
    expect(stored).toHaveBeenCalledWith('c1');
    await thread.send({ text: 'more', code: 'x=1', codeLanguage: 'python' }, SETTINGS);
    expect(requests[1]).toEqual({
      message: 'more',
      code: 'x=1',
      language: 'python',
      mode: 'auto',
      style: 'beginner',
      conversation_id: 'c1'
    });
  });

  it('keeps what came before it was stopped', async () => {
    serve([['token', { text: 'Half' }]], false);
    const thread = new Thread();
    const sent = thread.send({ text: 'hi' }, SETTINGS);
    await vi.waitFor(() => expect(thread.current?.text).toBe('Half'));
    expect(thread.isBusy).toBe(true);
    thread.stop();
    await sent;
    expect(thread.current?.phase).toBe('stopped');
    expect(thread.current?.text).toBe('Half');
    expect(thread.isBusy).toBe(false);
  });

  it('replaces an answer, and can go back when the new one fails', async () => {
    serve([['done', answer('One', 'm1')]]);
    const thread = new Thread();
    await thread.send({ text: 'hi' }, SETTINGS);
    const requests = serve([['error', { title: 'Busy', status: 503, detail: 'too busy' }]]);
    await thread.again(thread.current!, SETTINGS);
    expect(requests[0]?.['replaces_message_id']).toBe('m1');
    expect(thread.turns).toHaveLength(1);
    expect(thread.current?.problem).toBe('Too busy.');
    const again = serve([['done', answer('Two', 'm2')]]);
    await thread.again(thread.current!, SETTINGS);
    expect(again[0]?.['replaces_message_id']).toBe('m1');
    expect(thread.current?.text).toBe('Two');
    thread.restore(thread.current!);
    expect(thread.current?.text).toBe('One');
  });

  it('that was left behind does not come back', async () => {
    serve([['done', answer('One', 'm1')]]);
    const thread = new Thread();
    const stored = vi.fn();
    thread.onstored = stored;
    const sent = thread.send({ text: 'hi' }, SETTINGS);
    thread.reset();
    await sent;
    expect(thread.turns).toHaveLength(0);
    expect(thread.conversationId).toBeNull();
    expect(stored).not.toHaveBeenCalled();
  });
});

describe('stored messages', () => {
  const message = (id: string, author: 'user' | 'assistant', text: string): Message => ({
    id,
    author,
    created_at: '2026-01-01T00:00:00Z',
    text: author === 'user' ? text : null,
    answer: author === 'assistant' ? answer(text, '') : null
  });

  it('are paired, also when one of a pair is missing', () => {
    const turns = turnsOf([
      message('1', 'assistant', 'left over'),
      message('2', 'user', 'a'),
      message('3', 'assistant', 'A'),
      message('4', 'user', 'b'),
      message('5', 'user', 'c'),
      message('6', 'assistant', 'C')
    ]);
    expect(turns.map(({ question, text, phase }) => [question, text, phase])).toEqual([
      ['', 'left over', 'done'],
      ['a', 'A', 'done'],
      ['b', '', 'failed'],
      ['c', 'C', 'done']
    ]);
    expect(turns[1]?.answer?.message_id).toBe('3');
  });
});

it('fences code with more marks than it holds', () => {
  expect(questionText({ text: 'Why?', code: 'a\n```\nb', codeLanguage: 'go' })).toBe('Why?\n\n````go\na\n```\nb\n````');
});

it('groups conversations by day', () => {
  const now = new Date(2026, 4, 10, 12);
  const at = (id: string, date: Date) => ({ id, title: id, created_at: '', updated_at: date.toISOString() });
  const groups = groupByDay(
    [
      at('a', new Date(2026, 4, 10, 0, 1)),
      at('b', new Date(2026, 4, 9, 23)),
      at('c', new Date(2026, 4, 4)),
      at('d', new Date(2025, 1, 1))
    ],
    now
  );
  expect(groups.map(({ title }) => title)).toEqual(['Today', 'Yesterday', 'Last 7 days', 'Older']);
});
