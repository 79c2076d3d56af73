import assert from 'node:assert/strict';
import { ask, CODE_QUESTION, composer, EXPLAIN_QUESTION, register } from '../steps.mjs';

const list = (page) => page.getByRole('navigation', { name: 'Conversations' });

export const conversationJourneys = [
  {
    name: 'conversations are kept, searched, renamed and deleted',
    async run({ page, photograph }) {
      await register({ page });
      await ask(page, EXPLAIN_QUESTION);
      await page.waitForURL('**/ask?c=*');
      await page.getByRole('button', { name: 'New chat' }).click();
      await page.waitForURL('**/ask');
      await ask(page, CODE_QUESTION);
      await list(page).getByRole('link').nth(1).waitFor();

      await page.getByLabel('Search conversations').fill('recursion');
      await list(page).getByRole('link').nth(1).waitFor({ state: 'detached' });
      await list(page).getByRole('link').first().click();
      await page.locator('.question').getByText(EXPLAIN_QUESTION).waitFor();

      await page
        .getByRole('button', { name: /^Rename/ })
        .first()
        .click();
      await page.getByLabel('New title').fill('All about calling oneself');
      await page.getByLabel('New title').press('Enter');
      await list(page).getByRole('link', { name: 'All about calling oneself' }).waitFor();
      await page.getByRole('heading', { name: 'All about calling oneself' }).waitFor();
      await page.reload();
      await list(page).getByRole('link', { name: 'All about calling oneself' }).waitFor();
      await page.locator('.question').getByText(EXPLAIN_QUESTION).waitFor();
      await photograph(page, 'conversations');

      await page.getByRole('button', { name: /^Delete “All about/ }).click();
      await photograph(page, 'conversation-delete');
      await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
      assert.equal(await list(page).getByRole('link').count(), 2);
      await page.getByRole('button', { name: /^Delete “All about/ }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
      await list(page).getByRole('link', { name: 'All about calling oneself' }).waitFor({ state: 'detached' });
      await page.waitForURL('**/ask');
      await page.getByLabel('Search conversations').fill('xyzzy');
      await list(page).getByText('No conversation').waitFor();
    }
  },
  {
    name: 'a conversation of somebody else is not shown',
    async run({ page }) {
      await register({ page });
      await page.goto('/ask?c=0198c0de-0000-7000-8000-000000000000');
      await page.getByRole('alert').waitFor();
    }
  },
  {
    name: 'everything can be done by keyboard',
    async run({ page }) {
      await register({ page });
      await page.reload();
      await composer(page).waitFor();
      const focused = () =>
        page.evaluate(() => {
          const element = document.activeElement;
          return element?.getAttribute('aria-label') ?? element?.textContent?.trim() ?? '';
        });
      const visited = [];
      for (let at = 0; at < 40 && !visited.includes('Send'); at += 1) {
        await page.keyboard.press('Tab');
        const name = await focused();
        const isVisible = await page.evaluate(() => {
          const style = getComputedStyle(document.activeElement);
          const shown = document.activeElement.matches('input[type=radio]')
            ? getComputedStyle(document.activeElement.nextElementSibling)
            : style;
          return (
            document.activeElement.matches('#' + CSS.escape('main')) ||
            shown.outlineStyle !== 'none' ||
            document.activeElement.closest('.composer') !== null
          );
        });
        assert.ok(isVisible, `the focus is not seen on ${name}`);
        visited.push(name);
        if (await composer(page).evaluate((area) => area === document.activeElement)) break;
      }
      assert.ok(
        visited.some((name) => name.includes('Skip to the content')),
        'the first stop skips the rail'
      );
      assert.equal(await composer(page).evaluate((area) => area === document.activeElement), true);

      await page.keyboard.type('Explain');
      await page.keyboard.press('Shift+Enter');
      await page.keyboard.type('recursion');
      await page.keyboard.press('Enter');
      await page.getByRole('button', { name: 'Regenerate' }).waitFor();
      await page.waitForURL('**/ask?c=*');

      await page.keyboard.press('Control+k');
      await page.waitForFunction(() => document.activeElement?.getAttribute('aria-label') === 'Search conversations');
      await page.keyboard.press('Control+Shift+O');
      await page.waitForURL('**/ask');
      await page.waitForFunction(() => document.activeElement?.tagName === 'TEXTAREA');
      await page.getByRole('heading', { name: 'What shall we build' }).waitFor();
    }
  }
];
