import { afterEach, describe, expect, it, vi } from 'vitest';
import { ApiError, ask, auth, conversations, sentence, teach, whenSignedOut } from './client';
import type { AskEvent } from './types';

function answerWith(body: BodyInit | null, init: ResponseInit): ReturnType<typeof vi.fn> {
  const fetchSpy = vi.fn(async () => new Response(body, init));
  vi.stubGlobal('fetch', fetchSpy);
  return fetchSpy;
}

const PROBLEM = { headers: { 'content-type': 'application/problem+json' } };

async function failureOf(promise: Promise<unknown>): Promise<ApiError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason
  );
  expect(error).toBeInstanceOf(ApiError);
  return error as ApiError;
}

async function collect(events: AsyncGenerator<AskEvent>): Promise<AskEvent[]> {
  const all: AskEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

afterEach(() => {
  vi.unstubAllGlobals();
  whenSignedOut(() => undefined);
});

describe('a failed request', () => {
  it('says what the server said, field by field', async () => {
    answerWith(
      JSON.stringify({
        title: 'Unprocessable',
        detail: 'the account was not made',
        errors: [{ field: 'password', message: 'use at least 10 characters' }]
      }),
      { status: 422, ...PROBLEM }
    );
    const error = await failureOf(auth.register({ email: 'a@b.org', username: 'ada', password: 'x' }));
    expect(error.status).toBe(422);
    expect(error.message).toBe('The account was not made.');
    expect(error.fields).toEqual({ password: 'Use at least 10 characters.' });
  });

  it('still has a sentence when the answer is not a problem document', async () => {
    answerWith('<html>bad gateway</html>', { status: 502, headers: { 'content-type': 'text/html' } });
    expect((await failureOf(conversations.list('', 10, 0))).message).toBe('The server answered with status 502.');
    answerWith('{not json', { status: 500, ...PROBLEM });
    expect((await failureOf(conversations.list('', 10, 0))).message).toBe('The server answered with status 500.');
  });

  it('tells when there is no server', async () => {
    vi.stubGlobal('fetch', vi.fn().mockRejectedValue(new TypeError('Failed to fetch')));
    const error = await failureOf(conversations.get('c1'));
    expect(error.status).toBe(0);
    expect(error.message).toContain('cannot be reached');
  });

  it('with 401 ends the session, but not while signing in', async () => {
    const onSignedOut = vi.fn();
    whenSignedOut(onSignedOut);
    answerWith('{"title":"Unauthorized","detail":"wrong e-mail address or password"}', { status: 401, ...PROBLEM });
    await failureOf(auth.login('a@b.org', 'x'));
    expect(onSignedOut).not.toHaveBeenCalled();
    expect(await auth.me()).toBeNull();
    expect(onSignedOut).not.toHaveBeenCalled();
    await failureOf(conversations.list('', 10, 0));
    expect(onSignedOut).toHaveBeenCalledOnce();
  });
});

describe('a request', () => {
  it('escapes what goes into the address', async () => {
    const fetchSpy = answerWith('{"conversations":[],"total":0}', { status: 200 });
    await conversations.list('a&b=c', 50, 0);
    expect(fetchSpy.mock.calls[0]?.[0]).toBe('/api/v1/conversations?search=a%26b%3Dc&limit=50&offset=0');
    await conversations.remove('../x');
    expect(fetchSpy.mock.calls[1]?.[0]).toBe('/api/v1/conversations/..%2Fx');
  });

  it('sends JSON', async () => {
    const fetchSpy = answerWith('{"id":"1","status":"draft","checks":{}}', { status: 201 });
    await teach({ description: 'd', implementation: 'i', language: 'python' });
    const init = fetchSpy.mock.calls[0]?.[1] as RequestInit;
    expect(init.method).toBe('POST');
    expect(JSON.parse(String(init.body))).toEqual({ description: 'd', implementation: 'i', language: 'python' });
  });
});

describe('asking', () => {
  const stream = { status: 200, headers: { 'content-type': 'text/event-stream; charset=utf-8' } };
  const signal = new AbortController().signal;

  it('tells what comes, in order, and passes over what it does not know', async () => {
    answerWith(
      'event: token\ndata: {"text":"Hi"}\n\nevent: mood\ndata: {}\n\nevent: done\ndata: {"answer":"Hi"}\n\n',
      stream
    );
    const events = await collect(ask({ message: 'x' }, signal));
    expect(events.map(({ kind }) => kind)).toEqual(['token', 'done']);
  });

  it('fails with the problem of an error event', async () => {
    answerWith('event: error\ndata: {"title":"Busy","status":503,"detail":"too many questions at once"}\n\n', stream);
    expect((await failureOf(collect(ask({ message: 'x' }, signal)))).message).toBe('Too many questions at once.');
  });

  it('fails when the stream ends too early', async () => {
    answerWith('event: token\ndata: {"text":"Hi"}\n\n', stream);
    expect((await failureOf(collect(ask({ message: 'x' }, signal)))).message).toContain('cut off');
  });
});

describe('sentence', () => {
  it('begins with a capital and ends with a stop, once', () => {
    expect(sentence('use a shorter text')).toBe('Use a shorter text.');
    expect(sentence('Done!')).toBe('Done!');
    expect(sentence('  ')).toBe('Something went wrong.');
  });
});
