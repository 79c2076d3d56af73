import { describe, expect, it } from 'vitest';
import { EVENT_CHARS_MAX, EventParser, readEvents, type ServerEvent } from './sse';

const bytes = new TextEncoder();

function streamOf(pieces: Uint8Array[], onCancel: () => void = () => undefined): ReadableStream<Uint8Array> {
  const waiting = [...pieces];
  return new ReadableStream({
    pull(controller) {
      const piece = waiting.shift();
      if (piece) controller.enqueue(piece);
      else controller.close();
    },
    cancel: onCancel
  });
}

async function collect(body: ReadableStream<Uint8Array>): Promise<ServerEvent[]> {
  const events: ServerEvent[] = [];
  for await (const event of readEvents(body)) events.push(event);
  return events;
}

const SAMPLE =
  ': welcome\nevent: token\ndata: {"text":"größer 🚀"}\n\n' +
  'event: check\r\ndata: one\r\ndata: two\r\n\r\n' +
  'data\n\nid: 7\nretry: 10\nevent: done\ndata:tight\n\n';
const EVENTS: ServerEvent[] = [
  { event: 'token', data: '{"text":"größer 🚀"}' },
  { event: 'check', data: 'one\ntwo' },
  { event: 'message', data: '' },
  { event: 'done', data: 'tight' }
];

describe('server-sent events', () => {
  it('are read whole', async () => {
    expect(await collect(streamOf([bytes.encode(SAMPLE)]))).toEqual(EVENTS);
  });

  it('are the same wherever the bytes are cut, inside characters and line breaks too', async () => {
    const all = bytes.encode(SAMPLE);
    for (let cut = 1; cut < all.length; cut += 1) {
      expect(await collect(streamOf([all.slice(0, cut), all.slice(cut)]))).toEqual(EVENTS);
    }
    expect(await collect(streamOf([...all].map((byte) => Uint8Array.of(byte))))).toEqual(EVENTS);
  });

  it('may end lines with a lone carriage return', () => {
    expect(new EventParser().push('event: a\rdata: 1\r\r')).toEqual([{ event: 'a', data: '1' }]);
  });

  it('start after a byte order mark', () => {
    const parser = new EventParser();
    expect(parser.push('\uFEFFdata: 1\n\n')).toEqual([{ event: 'message', data: '1' }]);
  });

  it('that are cut off by the end are dropped', async () => {
    expect(await collect(streamOf([bytes.encode('data: 1\n\ndata: 2\n')]))).toEqual([{ event: 'message', data: '1' }]);
  });

  it('that never end are refused', () => {
    const parser = new EventParser();
    expect(() => parser.push(`data: ${'x'.repeat(EVENT_CHARS_MAX)}`)).toThrow('too long');
  });

  it('tell the sender when nobody listens any more', async () => {
    let isCancelled = false;
    const body = streamOf([bytes.encode('data: 1\n\n'), bytes.encode('data: 2\n\n')], () => (isCancelled = true));
    for await (const event of readEvents(body)) {
      expect(event.data).toBe('1');
      break;
    }
    expect(isCancelled).toBe(true);
  });
});
