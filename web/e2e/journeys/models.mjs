// Journeys with a language model: a small real one that copies the last code block of what it is given to read.
import assert from 'node:assert/strict';
import { ask, assertFits, assertReadable, composer, PASSWORD, register, send, text } from '../steps.mjs';

const SNIPPET = 'def double(n):\n    return 2 * n';

async function signInAsAdmin({ page, adminLink }) {
  await page.goto(adminLink);
  await page.getByLabel('E-mail').fill('chief@example.org');
  await page.getByLabel('User name').fill('chief');
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Create administrator' }).click();
  await page.waitForURL('**/ask');
}

const card = (page, name) => page.getByRole('article', { name, exact: true });

/** On a server of their own, in this order: each goes on where the one before ended. */
export const modelJourneys = [
  {
    name: 'an administrator uploads a model, loads it, keeps it and lets it go',
    async run(server) {
      const { page, photograph, copyModel } = server;
      await signInAsAdmin(server);
      await page.getByRole('link', { name: 'Models' }).click();
      await page.getByText('There is none yet').waitFor();
      await photograph(page, 'models-none');
      await page.getByRole('radio', { name: 'From this computer' }).check({ force: true });
      await page.getByLabel('GGUF file').setInputFiles(copyModel);
      await page.getByRole('button', { name: 'Upload' }).click();
      const model = card(page, 'copy');
      await model.getByText('on disk').waitFor();
      await model.getByRole('button', { name: 'Load' }).click();
      await model.getByText('in memory', { exact: true }).waitFor();
      await page.getByRole('meter', { name: 'Memory for language models' }).waitFor();
      await model.getByRole('button', { name: 'Keep in memory' }).click();
      await model.getByText('It stays until it is let go.').waitFor();
      await assertFits(page);
      await assertReadable(page);
      await photograph(page, 'models');
      await page.setViewportSize({ width: 360, height: 740 });
      await assertFits(page);
      await photograph(page, 'models-narrow');
      await page.setViewportSize({ width: 1280, height: 800 });
      await model.getByRole('button', { name: 'Let go' }).click();
      await model.getByRole('button', { name: 'Unload' }).click();
      await model.getByText('on disk').waitFor();
    }
  },
  {
    name: 'a file that is no model is refused with a sentence',
    async run({ page }) {
      await page.goto('/sign-in?next=/models');
      await page.getByLabel('E-mail').fill('chief@example.org');
      await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.waitForURL('**/models');
      await page.getByRole('radio', { name: 'From this computer' }).check({ force: true });
      const file = { name: 'broken.gguf', mimeType: 'application/octet-stream', buffer: Buffer.from('GGUF, or not') };
      await page.getByLabel('GGUF file').setInputFiles(file);
      await page.getByRole('button', { name: 'Upload' }).click();
      await page.getByRole('list', { name: 'Work on models' }).getByText('not a usable GGUF file').waitFor();
      assert.equal(await card(page, 'broken').count(), 0);
    }
  },
  {
    name: 'a model explains pasted code, and writes the same again',
    async run({ page, photograph }) {
      await register({ page });
      await page.getByLabel('Language model').selectOption('copy');
      await page.getByRole('button', { name: 'Add code' }).click();
      await page.getByRole('textbox', { name: 'Code' }).fill(SNIPPET);
      const answer = await ask(page, 'What does this do?');
      await answer.getByText('MODEL:copy').waitFor();
      assert.match(await text(answer.locator('.prose')), /return 2 \* n/);
      await photograph(page, 'models-answer');
      const panel = page.getByRole('complementary', { name: 'Sources and checks' });
      await panel.getByText('How this answer was made').click();
      await panel.getByText('copy wrote this answer').click();
      await panel.getByRole('button', { name: 'Write it again' }).click();
      await panel.getByText(/copy wrote the same with seed \d+, to the letter/).waitFor();
      await assertReadable(page);
      await photograph(page, 'models-replay');
    }
  },
  {
    name: 'known code still answers first when no model is named',
    async run({ page }) {
      await register({ page });
      await composer(page).waitFor();
      await send(page, 'Write a Python function that merges overlapping intervals');
      await page.getByRole('article', { name: 'Answer' }).getByText('LIBRARY').waitFor();
    }
  },
  {
    name: 'who is no administrator sees the models and cannot change them',
    async run({ page }) {
      await register({ page });
      await page.getByRole('link', { name: 'Models' }).click();
      await card(page, 'copy').waitFor();
      assert.equal(await page.getByRole('button', { name: 'Remove' }).count(), 0);
      assert.equal(await page.getByRole('heading', { name: 'Add a model' }).count(), 0);
    }
  },
  {
    name: 'an API token is shown once, works, and is revoked',
    async run({ page, photograph }) {
      await register({ page });
      await page.getByRole('link', { name: 'Profile' }).click();
      await page.getByLabel('Name of a new token').fill('editor');
      await page.getByRole('button', { name: 'Make token' }).click();
      const secret = await text(page.getByRole('status').locator('code'));
      assert.match(secret, /^cg_[\w-]{43}$/);
      const list = (token) =>
        fetch(`${new URL(page.url()).origin}/v1/models`, { headers: { authorization: `Bearer ${token}` } });
      assert.equal((await list(secret)).status, 200);
      await assertReadable(page);
      await photograph(page, 'tokens');
      await page.getByRole('button', { name: 'Revoke editor' }).click();
      await page.getByRole('list', { name: 'API tokens' }).waitFor({ state: 'detached' });
      assert.equal((await list(secret)).status, 401);
    }
  }
];
