import assert from 'node:assert/strict';
import {
  answers,
  ask,
  CODE_QUESTION,
  composer,
  ended,
  EXPLAIN_QUESTION,
  register,
  send,
  text,
  UNKNOWN_QUESTION
} from '../steps.mjs';

/** An answer that only asks back, as the server would send it. */
const CONFIRM_EVENTS = [
  ['sources', { sources: [{ id: '1', title: 'Merge two sorted lists', score: 0.55, language: 'python', key: 'k' }] }],
  ['token', { text: 'The closest thing I know is **Merge two sorted lists**.' }],
  [
    'done',
    {
      answer: 'The closest thing I know is **Merge two sorted lists**.',
      outcome: 'confirm',
      brain: 'LIBRARY',
      reason: 'the closest known task matches with 55 %',
      ai_confidence: 0,
      sources: [{ id: '1', title: 'Merge two sorted lists', score: 0.55, language: 'python', key: 'k' }],
      checks: {
        syntax: 'passed',
        execution: 'verified',
        notes: [],
        tests_passed: 0,
        tests_total: 0,
        attempts: 1,
        duration_ms: 0
      }
    }
  ]
]
  .map(([event, data]) => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
  .join('');

export const askJourneys = [
  {
    name: 'a concept is explained in three styles, streamed',
    async run({ page, photograph }) {
      await register({ page });
      await photograph(page, 'ask-empty');
      const told = new Set();
      for (const style of ['beginner', 'technical', 'step-by-step']) {
        await page.getByLabel('Style of explanations').selectOption(style);
        const response = page.waitForResponse('**/api/v1/ask');
        const answer = await ask(page, EXPLAIN_QUESTION);
        assert.match((await response).headers()['content-type'], /^text\/event-stream/);
        told.add(await text(answer.locator('.prose')));
        await photograph(page, `ask-explain-${style}`);
      }
      assert.equal(told.size, 3, 'each style tells it differently');
      await page.getByRole('complementary', { name: 'Sources and checks' }).getByText('Recursion').first().waitFor();
    }
  },
  {
    name: 'the examples of the empty page are known',
    async run({ page }) {
      await register({ page });
      const examples = page.getByRole('region', { name: 'Conversation' }).getByRole('listitem').getByRole('button');
      await examples.first().waitFor();
      const count = await examples.count();
      assert.equal(count, 4);
      for (let at = 0; at < count; at += 1) {
        await examples.nth(at).click();
        const answer = answers(page).first();
        await ended(answer);
        const question = await text(page.locator('.question'));
        assert.equal(await answer.getByText('Is this what you meant?').count(), 0, `not sure of: ${question}`);
        assert.equal(
          await answer.getByRole('button', { name: 'Answered by LIBRARY' }).count(),
          1,
          `unknown: ${question}`
        );
        await page.getByRole('button', { name: 'New chat' }).click();
        await examples.first().waitFor();
      }
    }
  },
  {
    name: 'code comes with copy, sources, checks and a receipt',
    async run({ page, photograph }) {
      await register({ page });
      const answer = await ask(page, CODE_QUESTION);
      const block = answer.locator('.code-block').first();
      await block.getByRole('button', { name: 'Copy' }).click();
      await block.getByRole('button', { name: 'Copied' }).waitFor();
      const copied = await page.evaluate(() => navigator.clipboard.readText());
      assert.equal(copied.trim(), (await text(block.locator('code'))).trim());

      await answer.getByRole('list', { name: 'Checks' }).waitFor();
      await answer.getByRole('button', { name: /^Answered by/ }).click();
      const panel = page.getByRole('complementary', { name: 'Sources and checks' });
      await panel.getByText('%').first().waitFor();
      await panel.getByText('How this answer was made').click();
      await panel.getByText('retrieve', { exact: true }).waitFor();
      await photograph(page, 'ask-code');

      const before = await answers(page).count();
      await block.getByRole('button', { name: 'Explain this' }).click();
      const explanation = answers(page).nth(before);
      await ended(explanation);
      assert.notEqual(await text(explanation.locator('.prose')), '');
    }
  },
  {
    name: 'pasted code is explained',
    async run({ page, photograph }) {
      await register({ page });
      await page.getByRole('button', { name: 'Add code' }).click();
      await page
        .getByRole('textbox', { name: 'Code', exact: true })
        .fill('def total(items):\n    result = 0\n    for item in items:\n        result += item\n    return result\n');
      await page.getByLabel('Language').selectOption('python');
      await photograph(page, 'ask-paste');
      const answer = await ask(page, 'What does this do?');
      assert.notEqual(await text(answer.locator('.prose')), '');
      await page.locator('.question pre').getByText('def total').waitFor();
      await photograph(page, 'ask-explain-code');
    }
  },
  {
    name: 'what is unknown can be taught',
    async run({ page, photograph }) {
      await register({ page });
      const answer = await ask(page, UNKNOWN_QUESTION);
      await photograph(page, 'ask-unknown');
      await answer.getByRole('button', { name: 'Teach me' }).click();
      const form = answer.getByRole('form', { name: 'Teach' });
      assert.equal(await form.getByLabel('What it does').inputValue(), UNKNOWN_QUESTION);
      await form.getByLabel('Code that does it').fill('def deploy(chart):\n    return f"helm install {chart}"\n');
      await form.getByLabel('Tests').fill('assert deploy("op") == "helm install op"\n');
      await photograph(page, 'ask-teach');
      await form.getByRole('button', { name: 'Teach', exact: true }).click();
      await answer.getByText('Learnt.').waitFor();
      await photograph(page, 'ask-taught');
      await answer.getByRole('button', { name: 'Ask again' }).click();
      await page.locator('.prose code').getByText('def deploy').waitFor();
      await ended(answers(page).last());
    }
  },
  {
    name: 'somebody who may not teach is told so',
    async run({ page }) {
      await register({ page }, 'User');
      const answer = await ask(page, UNKNOWN_QUESTION);
      await answer.getByText('ask somebody with a developer or student account').waitFor();
      assert.equal(await answer.getByRole('button', { name: 'Teach me' }).count(), 0);
    }
  },
  {
    name: 'the closest thing is confirmed or not',
    async run({ page, photograph }) {
      await register({ page });
      await page.route('**/api/v1/ask', (route) =>
        route.fulfill({ status: 200, contentType: 'text/event-stream', body: CONFIRM_EVENTS })
      );
      const first = await ask(page, 'Do it twice');
      await photograph(page, 'ask-confirm');
      await page.setViewportSize({ width: 360, height: 740 });
      const [yes, no] = await Promise.all(
        ['Yes', 'No'].map((name) => first.getByRole('button', { name }).boundingBox())
      );
      assert.equal(yes.y, no.y, 'both choices are in one row');
      await photograph(page, 'ask-confirm-narrow');
      await page.setViewportSize({ width: 1280, height: 800 });
      await first.getByRole('button', { name: 'Yes' }).click();
      assert.equal(await first.getByText('Is this what you meant?').count(), 0);
      const second = await ask(page, 'Do it twice again');
      await second.getByRole('button', { name: 'No' }).click();
      await second.getByRole('form', { name: 'Teach' }).waitFor();
    }
  },
  {
    name: 'an answer is stopped, by key and by button, and asked again',
    async run({ page, photograph }) {
      await register({ page });
      // Held back until it was stopped, so that there is something to stop however fast the server is.
      await page.route('**/api/v1/ask', () => undefined);
      await send(page, EXPLAIN_QUESTION);
      await page.getByRole('button', { name: 'Stop' }).waitFor();
      await photograph(page, 'ask-waiting');
      await page.keyboard.press('Escape');
      await answers(page).getByText('Stopped.').waitFor();
      await page.getByRole('button', { name: 'Regenerate' }).click();
      await page.getByRole('button', { name: 'Stop' }).click();
      await answers(page).getByText('Stopped.').waitFor();
      await page.unroute('**/api/v1/ask');
      await page.getByRole('button', { name: 'Regenerate' }).click();
      await answers(page).locator('.prose').getByText('Recursion').first().waitFor();
      assert.equal(await answers(page).count(), 1);
    }
  },
  {
    name: 'an answer is regenerated, and a question edited',
    async run({ page }) {
      await register({ page });
      await ask(page, EXPLAIN_QUESTION);
      await page.waitForURL('**/ask?c=*');
      const requests = [];
      page.on('request', (request) => {
        if (request.url().endsWith('/api/v1/ask')) requests.push(request.postDataJSON());
      });
      const settled = () => page.getByRole('button', { name: 'Regenerate' });
      await settled().click();
      await settled()
        .waitFor({ state: 'detached' })
        .catch(() => undefined);
      await settled().waitFor();
      await page.getByRole('button', { name: 'Edit the question and send it again' }).click();
      await page.getByLabel('Edit the question').fill(CODE_QUESTION);
      await page.getByRole('button', { name: 'Send again' }).click();
      await answers(page).locator('.code-block').first().waitFor();
      await settled().waitFor();
      assert.equal(requests.length, 2);
      assert.ok(requests.every(({ replaces_message_id: replaced }) => typeof replaced === 'string'));
      assert.notEqual(requests[0].replaces_message_id, requests[1].replaces_message_id);
      await page.reload();
      await page.locator('.question').getByText(CODE_QUESTION).waitFor();
      assert.equal(await answers(page).count(), 1, 'the replaced answers are gone');
    }
  },
  {
    name: 'a failure is told, and trying again helps',
    async run({ page, photograph }) {
      await register({ page });
      await page.route('**/api/v1/ask', (route) =>
        route.fulfill({
          status: 422,
          contentType: 'application/problem+json',
          body: JSON.stringify({
            title: 'Unprocessable',
            status: 422,
            detail: 'the question is longer than 65536 bytes'
          })
        })
      );
      await send(page, EXPLAIN_QUESTION);
      await page.getByRole('alert').getByText('The question is longer than 65536 bytes.').waitFor();
      await photograph(page, 'ask-failed');
      await page.unroute('**/api/v1/ask');
      await page.getByRole('button', { name: 'Try again' }).click();
      await answers(page).locator('.prose').waitFor();
      await ended(answers(page).last());
      await composer(page).waitFor();
    }
  }
];
