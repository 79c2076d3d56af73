// Reads a stream of server-sent events (WHATWG HTML, section 9.2.6) from the body of a fetch. No reconnecting: an answer
// is not asked for twice by itself.

export interface ServerEvent {
  event: string;
  data: string;
}

/** Most characters one event may have; a server that sends more is broken. */
export const EVENT_CHARS_MAX = 8 * 1024 * 1024;

/** Takes text in pieces of any size and gives back the events that are complete. */
export class EventParser {
  #rest = '';
  #event = '';
  #data: string[] = [];
  #size = 0;
  #isFirst = true;
  #skipsFeed = false;

  push(piece: string): ServerEvent[] {
    let fresh = piece;
    if (this.#isFirst && fresh !== '') {
      this.#isFirst = false;
      if (fresh.startsWith('\uFEFF')) fresh = fresh.slice(1);
    }
    if (this.#skipsFeed && fresh !== '') {
      this.#skipsFeed = false;
      if (fresh.startsWith('\n')) fresh = fresh.slice(1);
    }
    const lines = (this.#rest + fresh).split(/\r\n|\n|\r/);
    // The other half of a line break may still come.
    this.#skipsFeed = fresh.endsWith('\r');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length + this.#size > EVENT_CHARS_MAX) throw new Error('an event of the answer is too long');
    return lines.map((line) => this.#line(line)).filter((event) => event !== undefined);
  }

  #line(line: string): ServerEvent | undefined {
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    if (colon === 0) return undefined;
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'event') this.#event = value;
    if (field === 'data') {
      this.#data.push(value);
      this.#size += value.length;
    }
    return undefined;
  }

  #dispatch(): ServerEvent | undefined {
    const event = { event: this.#event || 'message', data: this.#data.join('\n') };
    const isEmpty = this.#data.length === 0;
    this.#event = '';
    this.#data = [];
    this.#size = 0;
    return isEmpty ? undefined : event;
  }
}

/** The events of a body, until it ends. An event cut off by the end is dropped, as the standard says. */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const parser = new EventParser();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        yield* parser.push(decoder.decode());
        return;
      }
      yield* parser.push(decoder.decode(value, { stream: true }));
    }
  } finally {
    // Reached early when the consumer stops: tell the server to stop too.
    await reader.cancel().catch(() => undefined);
  }
}
