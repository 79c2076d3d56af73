import assert from 'node:assert/strict';
import { ask, assertFits, EXPLAIN_QUESTION, register, text } from '../steps.mjs';

/** Journeys on a server without an embedding model. */
export const wordsJourneys = [
  {
    name: 'without an embedding model the search goes by words, and says so',
    async run({ page, photograph }) {
      await register({ page });
      await page
        .getByRole('note', { name: 'Server status' })
        .getByText('Searching by words: embedding model missing')
        .waitFor();
      const answer = await ask(page, EXPLAIN_QUESTION);
      assert.notEqual(await text(answer.locator('.prose')), '');
      const panel = page.getByRole('complementary', { name: 'Sources and checks' });
      await panel.getByText('Recursion', { exact: true }).waitFor();
      await panel.getByText('By its words alone').waitFor();
      await photograph(page, 'words-ask');
      await page.setViewportSize({ width: 360, height: 740 });
      await assertFits(page);
      await photograph(page, 'words-ask-narrow');
      await page.setViewportSize({ width: 1280, height: 800 });
      await page.getByRole('link', { name: 'Profile' }).click();
      await page.getByText('Unavailable').waitFor();
      await photograph(page, 'words-profile');
    }
  }
];
