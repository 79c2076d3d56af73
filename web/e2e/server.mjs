// Starts the real server on a free port with an empty data directory, and ends it.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const START_MS_MAX = 60_000;

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

async function waitUntilReady(baseUrl) {
  const deadline = Date.now() + START_MS_MAX;
  for (;;) {
    const isReady = await fetch(`${baseUrl}/health/ready`).then(
      (response) => response.ok,
      () => false
    );
    if (isReady) return;
    if (Date.now() > deadline) throw new Error('the server did not become ready in time');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export async function startServer(binary) {
  const directory = await mkdtemp(join(tmpdir(), 'codegenie-e2e-'));
  const child = spawn(binary, ['serve', '--listen', '127.0.0.1:0', '--data-dir', directory], {
    stdio: ['ignore', 'pipe', 'pipe']
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
