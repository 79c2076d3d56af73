// Starts the real server on a free port with an empty data directory, and ends it.
import { spawn } from 'node:child_process';
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const START_MS_MAX = 60_000;
/** Indexing takes seconds; a busy machine with a debug build takes longer. */
const INDEX_MS_MAX = 240_000;

/** Resolves with the two addresses the server prints. */
function readAddresses(child) {
  return new Promise((resolve, reject) => {
    let output = '';
    const timer = setTimeout(() => reject(new Error(`the server did not start in time:\n${output}`)), START_MS_MAX);
    const read = (piece) => {
      output += piece;
      const baseUrl = /listening on (http:\/\/[\w.:[\]-]+)/.exec(output)?.[1];
      const adminLink = /create the first admin: (\S+#token=\S+)\s/.exec(output)?.[1];
      if (!baseUrl || !adminLink) return;
      clearTimeout(timer);
      resolve({ baseUrl, adminLink });
    };
    child.stdout.setEncoding('utf8').on('data', read);
    child.stderr.setEncoding('utf8').on('data', read);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}:\n${output}`)));
  });
}

/** Looks until there is something to be seen, and gives it. */
async function waitFor(look, timeMsMax, failure) {
  const deadline = Date.now() + timeMsMax;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (Date.now() > deadline) throw new Error(failure);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function waitUntilReady(baseUrl) {
  const look = () =>
    fetch(`${baseUrl}/health/ready`).then(
      (response) => response.ok,
      () => false
    );
  return waitFor(look, START_MS_MAX, 'the server did not become ready in time');
}

async function call(method, url, headers, body) {
  const response = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body ? { body: JSON.stringify(body) } : {})
  });
  if (!response.ok) throw new Error(`${method} ${url} answered ${response.status}: ${await response.text()}`);
  return response.json();
}

/** Makes an account for looking at the status; gives what to send along. */
async function signIn(baseUrl) {
  const account = { email: `watcher.${process.pid}@example.org`, password: 'Correct-horse-9' };
  await call('POST', `${baseUrl}/api/v1/auth/register`, {}, { ...account, username: `watcher.${process.pid}` });
  const { access_token: token } = await call('POST', `${baseUrl}/api/v1/auth/login`, {}, account);
  return { authorization: `Bearer ${token}` };
}

/** Waits until the whole library has its vectors, so that search goes by meaning and words. */
export async function waitUntilIndexed(baseUrl) {
  const identity = await signIn(baseUrl);
  const look = async () => {
    const { encoder, knowledge } = await call('GET', `${baseUrl}/api/v1/system/status`, identity);
    if (!encoder.available) throw new Error(`there is no embedding model: ${encoder.detail}`);
    return knowledge.tasks > 0 && knowledge.concepts > 0 && knowledge.unembedded === 0;
  };
  await waitFor(look, INDEX_MS_MAX, 'the library was not indexed in time');
}

/** A folder without models makes the server search by words alone. */
export async function withoutModels(run) {
  const directory = await mkdtemp(join(tmpdir(), 'codegenie-e2e-no-models-'));
  try {
    return await run({ CODEGENIE_MODELS_DIR: directory });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** A folder with the embedding model alone, to which language models can be added. */
export async function withModelsOfItsOwn(run) {
  const directory = await mkdtemp(join(tmpdir(), 'codegenie-e2e-models-'));
  const shared = process.env.CODEGENIE_MODELS_DIR;
  try {
    for (const name of shared ? await readdir(shared) : []) {
      if (name.startsWith('all-minilm')) await cp(join(shared, name), join(directory, name), { recursive: true });
    }
    return await run({ CODEGENIE_MODELS_DIR: directory });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** `environment` is added to that of this process. */
export async function startServer(binary, environment = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'codegenie-e2e-'));
  const child = spawn(binary, ['serve', '--listen', '127.0.0.1:0', '--data-dir', directory], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment }
  });
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(timer);
    }
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const addresses = await readAddresses(child);
    await waitUntilReady(addresses.baseUrl);
    return { ...addresses, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
