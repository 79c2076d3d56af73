// Every request the web app makes. Same origin only; identity is the session cookie, which scripts cannot read.
// Failures become an ApiError with a sentence for people.

import { readEvents } from './sse';
import type {
  Answer,
  ApiTokenList,
  AskEvent,
  AskRequest,
  Checks,
  Conversation,
  ConversationPage,
  CreatedApiToken,
  MemoryLedger,
  MessagePage,
  ModelJob,
  ModelJobList,
  ModelList,
  NewAccount,
  NewAdmin,
  NewApiToken,
  NewTask,
  Problem,
  PullRequest,
  QualityReport,
  QuantiseRequest,
  Receipt,
  Replay,
  Route,
  RunRequest,
  RunResult,
  SandboxReport,
  SignIn,
  Source,
  SystemStatus,
  TaughtTask,
  User,
  UserReply,
  WritingProgress
} from './types';

/** A request that failed: `status` is 0 when no answer came at all. */
export class ApiError extends Error {
  readonly status: number;
  readonly title: string;
  /** What is wrong with which field of the request. */
  readonly fields: Readonly<Record<string, string>>;

  constructor(problem: Problem) {
    super(sentence(problem.detail || problem.title));
    this.name = 'ApiError';
    this.status = problem.status;
    this.title = problem.title;
    this.fields = Object.fromEntries((problem.errors ?? []).map(({ field, message }) => [field, sentence(message)]));
  }
}

/** Makes a sentence of a message as the server writes it: lower case, without a full stop. */
export function sentence(message: string): string {
  const text = message.trim();
  if (text === '') return 'Something went wrong.';
  const first = text[0]!.toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(first) ? first : `${first}.`;
}

/** The sentence to show for anything thrown. */
export function describe(error: unknown): string {
  return error instanceof Error ? sentence(error.message) : 'Something went wrong.';
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

let onSignedOut: () => void = () => undefined;

/** Sets what happens when the server says that the session is over. */
export function whenSignedOut(react: () => void): void {
  onSignedOut = react;
}

interface Options {
  body?: unknown;
  query?: Record<string, string | number>;
  signal?: AbortSignal;
  accept?: string;
  /** A 401 says something about the request, not about the session. */
  keepsSession?: boolean;
}

async function problemOf(response: Response): Promise<Problem> {
  const fallback: Problem = {
    status: response.status,
    title: response.statusText || `HTTP ${response.status}`,
    detail: `the server answered with status ${response.status}`
  };
  if (!response.headers.get('content-type')?.includes('json')) return fallback;
  try {
    const problem = (await response.json()) as Partial<Problem>;
    return {
      ...fallback,
      ...problem,
      status: response.status,
      detail: problem.detail ?? problem.title ?? fallback.detail
    };
  } catch {
    return fallback;
  }
}

async function send(method: string, path: string, options: Options = {}): Promise<Response> {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(options.query ?? {})) query.set(name, String(value));
  const url = query.size > 0 ? `${path}?${query}` : path;
  const headers: Record<string, string> = { accept: options.accept ?? 'application/json' };
  const init: RequestInit = { method, headers, credentials: 'same-origin', cache: 'no-store' };
  if (options.signal) init.signal = options.signal;
  if (options.body !== undefined) {
    headers['content-type'] = 'application/json';
    init.body = JSON.stringify(options.body);
  }
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new ApiError({
      status: 0,
      title: 'No connection',
      detail: 'the CodeGenie server cannot be reached; check that it is running and try again'
    });
  }
  if (response.ok) return response;
  if (response.status === 401 && !options.keepsSession) onSignedOut();
  throw new ApiError(await problemOf(response));
}

async function json<T>(method: string, path: string, options?: Options): Promise<T> {
  const response = await send(method, path, options);
  return (await response.json()) as T;
}

const id = encodeURIComponent;

export const auth = {
  register: (account: NewAccount) =>
    json<UserReply>('POST', '/api/v1/auth/register', { body: account, keepsSession: true }),
  setup: (account: NewAdmin) => json<UserReply>('POST', '/api/v1/auth/setup', { body: account, keepsSession: true }),
  login: (email: string, password: string) =>
    json<SignIn>('POST', '/api/v1/auth/login', { body: { email, password }, keepsSession: true }),
  logout: () => send('POST', '/api/v1/auth/logout', { keepsSession: true }),
  /** Who is signed in; null when nobody is. */
  async me(): Promise<User | null> {
    try {
      return (await json<UserReply>('GET', '/api/v1/auth/me', { keepsSession: true })).user;
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return null;
      throw error;
    }
  }
};

export const conversations = {
  list: (search: string, limit: number, offset: number, signal?: AbortSignal) =>
    json<ConversationPage>('GET', '/api/v1/conversations', {
      query: { ...(search ? { search } : {}), limit, offset },
      ...(signal ? { signal } : {})
    }),
  get: (which: string) => json<Conversation>('GET', `/api/v1/conversations/${id(which)}`),
  rename: (which: string, title: string) => send('PATCH', `/api/v1/conversations/${id(which)}`, { body: { title } }),
  remove: (which: string) => send('DELETE', `/api/v1/conversations/${id(which)}`),
  messages: (which: string, limit: number, offset: number) =>
    json<MessagePage>('GET', `/api/v1/conversations/${id(which)}/messages`, { query: { limit, offset } })
};

export const admin = {
  sandbox: () => json<SandboxReport>('GET', '/api/v1/admin/sandbox'),
  quality: (days: number) => json<QualityReport>('GET', '/api/v1/admin/quality', { query: { days } })
};

const model = (name: string) => `/api/v1/models/${id(name)}`;

export const models = {
  list: () => json<ModelList>('GET', '/api/v1/models'),
  ledger: () => json<MemoryLedger>('GET', '/api/v1/models/ledger'),
  pull: (request: PullRequest) => json<ModelJob>('POST', '/api/v1/models/pull', { body: request }),
  quantise: (name: string, request: QuantiseRequest) =>
    json<ModelJob>('POST', `${model(name)}/quantise`, { body: request }),
  load: (name: string) => send('POST', `${model(name)}/load`),
  unload: (name: string) => send('POST', `${model(name)}/unload`),
  pin: (name: string, pinned: boolean) => send('PUT', `${model(name)}/pin`, { body: { pinned } }),
  remove: (name: string) => send('DELETE', model(name)),
  jobs: () => json<ModelJobList>('GET', '/api/v1/models/jobs'),
  cancelJob: (which: string) => send('DELETE', `/api/v1/models/jobs/${id(which)}`),
  upload: (name: string, file: File, onprogress: (done: number) => void, signal: AbortSignal) =>
    upload(`${model(name)}/weights`, file, onprogress, signal)
};

export const tokens = {
  list: () => json<ApiTokenList>('GET', '/api/v1/tokens'),
  create: (token: NewApiToken) => json<CreatedApiToken>('POST', '/api/v1/tokens', { body: token }),
  revoke: (which: string) => send('DELETE', `/api/v1/tokens/${id(which)}`)
};

/** Sends a file as it is; `fetch` tells nothing about how far it has come, so this is the older way. */
function upload(path: string, file: File, onprogress: (done: number) => void, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    const fail = (problem: Problem) => reject(new ApiError(problem));
    signal.addEventListener('abort', abort, { once: true });
    request.open('PUT', path);
    request.setRequestHeader('content-type', 'application/octet-stream');
    request.setRequestHeader('accept', 'application/json');
    request.upload.onprogress = ({ loaded }) => onprogress(loaded);
    request.onabort = () => reject(new DOMException('stopped by the reader', 'AbortError'));
    request.onerror = () =>
      fail({ status: 0, title: 'Cut off', detail: 'the file was not taken whole; check the connection and try again' });
    request.onload = () => {
      signal.removeEventListener('abort', abort);
      if (request.status >= 200 && request.status < 300) return resolve();
      if (request.status === 401) onSignedOut();
      const type = request.getResponseHeader('content-type') ?? '';
      const answer = new Response(request.responseText, { status: request.status, headers: { 'content-type': type } });
      void problemOf(answer).then(fail);
    };
    request.send(file);
  });
}

export const getReceipt = (which: string) => json<Receipt>('GET', `/api/v1/receipts/${id(which)}`);
/** Lets the same model write the same answer again, and compares. */
export const replay = (which: string) => json<Replay>('POST', `/api/v1/receipts/${id(which)}/replay`);
export const teach = (task: NewTask) => json<TaughtTask>('POST', '/api/v1/knowledge/tasks', { body: task });
export const getStatus = () => json<SystemStatus>('GET', '/api/v1/system/status', { keepsSession: true });
export const runProgram = (program: RunRequest, signal: AbortSignal) =>
  json<RunResult>('POST', '/api/v1/sandbox/run', { body: program, signal });
export const getApiDescription = () => json<unknown>('GET', '/openapi.json', { keepsSession: true });

function readAskEvent(name: string, data: string): AskEvent | undefined {
  const value: unknown = JSON.parse(data);
  switch (name) {
    case 'route':
      return { kind: 'route', route: value as Route };
    case 'sources':
      return { kind: 'sources', sources: (value as { sources: Source[] }).sources };
    case 'progress':
      return { kind: 'progress', progress: value as WritingProgress };
    case 'token':
      return { kind: 'token', text: (value as { text: string }).text };
    case 'check':
      return { kind: 'check', checks: value as Checks };
    case 'done':
      return { kind: 'done', answer: value as Answer };
    case 'error':
      throw new ApiError(value as Problem);
    default:
      // A newer server may say more than this app knows.
      return undefined;
  }
}

/** Asks, and tells what comes until the answer is done. Fails when the stream ends before. */
export async function* ask(question: AskRequest, signal: AbortSignal): AsyncGenerator<AskEvent> {
  const response = await send('POST', '/api/v1/ask', { body: question, accept: 'text/event-stream', signal });
  if (!response.body || !response.headers.get('content-type')?.includes('text/event-stream')) {
    yield { kind: 'done', answer: (await response.json()) as Answer };
    return;
  }
  for await (const { event, data } of readEvents(response.body)) {
    const told = readAskEvent(event, data);
    if (told) yield told;
    if (told?.kind === 'done') return;
  }
  throw new ApiError({ status: 0, title: 'Cut off', detail: 'the answer was cut off before its end; ask again' });
}
