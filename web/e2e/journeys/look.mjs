import assert from 'node:assert/strict';
import { ask, assertFits, assertReadable, CODE_QUESTION, composer, EXPLAIN_QUESTION, register } from '../steps.mjs';

const NARROW = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };

const ground = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);

async function assertGood(page) {
  await assertFits(page);
  await assertReadable(page);
}

async function tour({ page, photograph }, suffix) {
  await page.goto('/register');
  await page.getByLabel('E-mail').waitFor();
  await assertGood(page);
  await photograph(page, `register-${suffix}`);
  await register({ page });
  await photograph(page, `ask-empty-${suffix}`);
  await ask(page, CODE_QUESTION);
  await assertGood(page);
  await photograph(page, `ask-code-${suffix}`);
  await page.goto('/profile');
  await page.getByText('This server').waitFor();
  await assertGood(page);
  await photograph(page, `profile-${suffix}`);
  await page.goto('/docs');
  await page.locator('details summary').first().click();
  await page.getByText('Responses').first().waitFor();
  await assertGood(page);
  await photograph(page, `docs-${suffix}`);
}

export const lookJourneys = [
  {
    name: 'the theme follows the system, or the reader',
    options: { colorScheme: 'light' },
    async run({ page }) {
      await register({ page });
      const light = await ground(page);
      await page.emulateMedia({ colorScheme: 'dark' });
      const dark = await ground(page);
      assert.notEqual(light, dark);
      await page.getByRole('button', { name: /^Theme: system/ }).click();
      await page.getByRole('button', { name: /^Theme: light/ }).waitFor();
      assert.equal(await ground(page), light);
      await page.reload();
      await composer(page).waitFor();
      assert.equal(await ground(page), light, 'the choice is kept');
      await page.goto('/profile');
      await page.getByRole('radio', { name: 'Dark' }).check({ force: true });
      assert.equal(await ground(page), dark);
    }
  },
  { name: 'everything is shown in the light', options: { colorScheme: 'light' }, run: (it) => tour(it, 'light') },
  { name: 'everything is shown in the dark', options: { colorScheme: 'dark' }, run: (it) => tour(it, 'dark') },
  { name: 'everything fits a narrow screen', options: NARROW, run: (it) => tour(it, 'narrow') },
  {
    name: 'everything fits a narrow screen in the dark',
    options: { ...NARROW, colorScheme: 'dark' },
    run: (it) => tour(it, 'narrow-dark')
  },
  {
    name: 'the list and the sources are drawers on a narrow screen',
    options: NARROW,
    async run({ page, photograph }) {
      await register({ page });
      await ask(page, EXPLAIN_QUESTION);
      await page.waitForURL('**/ask?c=*');
      await page.getByRole('button', { name: 'Conversations' }).click();
      const list = page.getByRole('dialog', { name: 'Conversations' });
      await list.getByRole('link').first().waitFor();
      await photograph(page, 'drawer-list-narrow');
      await page.keyboard.press('Escape');
      await list.waitFor({ state: 'hidden' });
      await page
        .getByRole('button', { name: /source/ })
        .last()
        .click();
      const panel = page.getByRole('dialog', { name: 'Sources and checks' });
      await panel.getByText('Answered by').waitFor();
      await photograph(page, 'drawer-sources-narrow');
      await panel.getByRole('button', { name: 'Close' }).click();
      await panel.waitFor({ state: 'hidden' });
      await assertFits(page);
    }
  },
  {
    name: 'the API reference is searched and opened',
    async run({ page, photograph }) {
      await page.goto('/docs');
      await page.getByLabel('Search operations').fill('ask');
      const operation = page.locator('main details').filter({ hasText: '/api/v1/ask' }).first();
      await operation.locator('summary').first().click();
      await operation.getByText('Request body').waitFor();
      await operation.getByText('message').first().waitFor();
      await operation.getByRole('button', { name: 'Copy as curl' }).click();
      await operation.getByText('Copied').waitFor();
      assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^curl -X POST/);
      await photograph(page, 'docs');
      await page.getByLabel('Search operations').fill('xyzzy');
      await page.getByText('No operation has all of these words.').waitFor();
    }
  }
];
