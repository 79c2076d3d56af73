// Browser tests against the real server: node e2e/run.mjs [--base-url URL --admin-link LINK] [--only WORD]
// Without a URL, the binary named by CODEGENIE_BIN is started on a free port, with the models of CODEGENIE_MODELS_DIR;
// without those the journeys search by words alone. Those with a language model need CODEGENIE_COPY_MODEL, a file that the example
// `copy-model` writes. Pictures go to test-results/.
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { launch, openProfile } from './browser.mjs';
import { accountJourneys, setUpJourney } from './journeys/accounts.mjs';
import { askJourneys } from './journeys/ask.mjs';
import { conversationJourneys } from './journeys/conversations.mjs';
import { lookJourneys } from './journeys/look.mjs';
import { modelJourneys } from './journeys/models.mjs';
import { sandboxJourneys } from './journeys/sandbox.mjs';
import { wordsJourneys } from './journeys/words.mjs';
import { startServer, waitUntilIndexed, withModelsOfItsOwn, withoutModels } from './server.mjs';
import { photographer } from './steps.mjs';

const { values } = parseArgs({
  options: { 'base-url': { type: 'string' }, 'admin-link': { type: 'string' }, only: { type: 'string', default: '' } }
});
const directory = join(dirname(fileURLToPath(import.meta.url)), '..', 'test-results');

async function runJourney(browser, server, journey) {
  const profile = await openProfile(browser, server.baseUrl, journey.options);
  const photograph = photographer(directory);
  try {
    await journey.run({ ...profile, browser, ...server, photograph });
    if (profile.problems.length > 0) throw new Error(profile.problems.join('\n'));
  } catch (error) {
    await photograph(profile.page, `failed-${journey.name.replace(/\W+/g, '-')}`).catch(() => undefined);
    throw error;
  } finally {
    await profile.context.close();
  }
}

/** Runs those that are wanted one after the other; gives how many failed. */
async function runJourneys(browser, server, journeys) {
  let failures = 0;
  for (const journey of journeys) {
    const start = performance.now();
    try {
      await runJourney(browser, server, journey);
      console.log(`ok    ${journey.name} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
    } catch (error) {
      failures += 1;
      console.error(`FAIL  ${journey.name}\n${error.stack ?? error}\n`);
    }
  }
  return failures;
}

const isWanted = ({ name }) => name.includes(values.only);

async function runAll(browser, server) {
  const first = server.adminLink ? [setUpJourney] : [];
  let failures = await runJourneys(browser, server, [...first, ...accountJourneys.filter(isWanted)]);
  const sandbox = sandboxJourneys.filter(({ needsAdmin }) => !needsAdmin || server.adminLink);
  const later = [...askJourneys, ...conversationJourneys, ...sandbox, ...lookJourneys].filter(isWanted);
  if (later.length > 0 && process.env.CODEGENIE_MODELS_DIR) {
    const start = performance.now();
    await waitUntilIndexed(server.baseUrl);
    console.log(`      the library is indexed (${((performance.now() - start) / 1000).toFixed(1)} s)`);
  }
  failures += await runJourneys(browser, server, later);
  const words = wordsJourneys.filter(isWanted);
  if (words.length > 0 && process.env.CODEGENIE_BIN) failures += await runWithoutModels(browser, words);
  const models = modelJourneys.some(isWanted);
  if (models && process.env.CODEGENIE_COPY_MODEL) failures += await runWithModel(browser);
  return failures;
}

/** All of them or none, because each goes on where the one before ended. */
function runWithModel(browser) {
  return withModelsOfItsOwn(async (environment) => {
    const server = await startServer(process.env.CODEGENIE_BIN, environment);
    try {
      await waitUntilIndexed(server.baseUrl);
      return await runJourneys(browser, { ...server, copyModel: process.env.CODEGENIE_COPY_MODEL }, modelJourneys);
    } finally {
      await server.stop();
    }
  });
}

function runWithoutModels(browser, journeys) {
  return withoutModels(async (environment) => {
    const server = await startServer(process.env.CODEGENIE_BIN, environment);
    try {
      return await runJourneys(browser, server, journeys);
    } finally {
      await server.stop();
    }
  });
}

async function startOrFind() {
  if (values['base-url']) {
    return {
      baseUrl: new URL(values['base-url']).origin,
      adminLink: values['admin-link'],
      stop: async () => undefined
    };
  }
  if (!process.env.CODEGENIE_BIN) throw new Error('set CODEGENIE_BIN to the path of the binary, or give --base-url');
  return startServer(process.env.CODEGENIE_BIN);
}

await rm(directory, { recursive: true, force: true });
await mkdir(directory, { recursive: true });
const server = await startOrFind();
try {
  const browser = await launch();
  try {
    const failures = await runAll(browser, server);
    console.log(failures === 0 ? 'all journeys passed' : `${failures} journeys failed`);
    process.exitCode = failures === 0 ? 0 : 1;
  } finally {
    await browser.close();
  }
} finally {
  await server.stop();
}
