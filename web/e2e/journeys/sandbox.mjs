import assert from 'node:assert/strict';
import { answers, ask, assertFits, assertReadable, CODE_QUESTION, ended, PASSWORD, register, text } from '../steps.mjs';

const ADMIN_EMAIL = 'chief@example.org';

/** Asks to explain `code`, which the question then shows in a block of its own; gives that block. */
async function paste(page, code, language = 'python') {
  const before = await answers(page).count();
  await page.getByLabel('Your question').fill(`Explain this code\n\`\`\`${language}\n${code}\n\`\`\``);
  await page.getByLabel('Your question').press('Enter');
  await ended(answers(page).nth(before));
  return page.locator('.question .code-block').last();
}

const runButton = (block) => block.getByRole('button', { name: 'Run', exact: true });
const panelOf = (block) => block.getByRole('region', { name: 'Run' });

/** Runs a block and waits for the end; gives the panel. */
async function run(block) {
  await runButton(block).first().click();
  const panel = panelOf(block);
  await panel.and(block.page().locator('[aria-busy="false"]')).waitFor();
  return panel;
}

async function signInAsAdmin(page) {
  await page.goto('/sign-in?next=/admin');
  await page.getByLabel('E-mail').fill(ADMIN_EMAIL);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL('**/admin');
}

export const sandboxJourneys = [
  {
    name: 'the code of an answer is run, and run again',
    async run({ page, photograph }) {
      await register({ page });
      const answer = await ask(page, CODE_QUESTION);
      assert.match(await text(answer.getByRole('list', { name: 'Checks' })), /Tests: (all )?\d+ passed/);
      const block = answer.locator('.code-block').first();
      const panel = await run(block);
      await panel.getByText('Finished').waitFor();
      await panel.getByText('in the WebAssembly sandbox').waitFor();
      await photograph(page, 'run-answer');
      await panel.getByRole('button', { name: 'Run again' }).click();
      await panel.getByText('Finished').waitFor();
      await panel.getByRole('button', { name: 'Close the output' }).click();
      assert.equal(await panel.count(), 0);
    }
  },
  {
    name: 'an error leads to its line',
    async run({ page, photograph }) {
      await register({ page });
      const block = await paste(page, 'def halve(n):\n    return n / 0\n\nprint("begin")\nprint(halve(4))');
      const panel = await run(block);
      await panel.getByText('Ended with an error').waitFor();
      assert.match(await text(panel.getByLabel('Output', { exact: true })), /^begin$/);
      await panel.getByText('ZeroDivisionError').first().waitFor();
      await panel.getByRole('button', { name: 'Line 2' }).click();
      assert.equal(await page.evaluate(() => window.getSelection()?.toString().trim()), 'return n / 0');
      await photograph(page, 'run-error');
    }
  },
  {
    name: 'a program reads the input it is given',
    async run({ page }) {
      await register({ page });
      const block = await paste(page, 'name = input()\nprint("Hello, " + name)');
      await runButton(block).click();
      const panel = panelOf(block);
      await panel.getByLabel('Input the program reads').fill('Ada');
      await panel.getByRole('button', { name: 'Run', exact: true }).click();
      await panel.getByText('Hello, Ada').waitFor();
    }
  },
  {
    name: 'a program without end is stopped by the reader',
    async run({ page }) {
      await register({ page });
      const block = await paste(page, 'while True:\n    pass');
      await runButton(block).click();
      const panel = panelOf(block);
      await panel.getByRole('button', { name: 'Stop' }).click();
      await panel.getByText('Stopped by you').waitFor();
    }
  },
  {
    name: 'JavaScript and SQL are run too, and other languages offer no button',
    async run({ page }) {
      await register({ page });
      const script = await run(await paste(page, 'console.log([3, 1, 2].sort())', 'javascript'));
      assert.match(await text(script.getByLabel('Output', { exact: true })), /\[ 1, 2, 3 \]/);
      const query = await run(await paste(page, "SELECT upper('ada') AS name;", 'sql'));
      assert.match(await text(query.getByLabel('Output', { exact: true })), /ADA/);
      const other = await paste(page, 'int main() { return 0; }', 'cpp');
      assert.equal(await runButton(other).isVisible(), false);
    }
  },
  {
    name: 'a figure is shown',
    async run({ page, photograph }) {
      await register({ page });
      const code = 'import matplotlib.pyplot as plt\nplt.plot([1, 2, 3], [1, 4, 9])\nplt.title("Squares")\nplt.show()';
      const panel = await run(await paste(page, code));
      const figure = panel.getByRole('img', { name: 'Figure 1 drawn by the program' });
      await figure.waitFor();
      assert.ok((await figure.evaluate((image) => image.naturalWidth)) > 200);
      await panel.getByText('in the process sandbox').waitFor();
      await photograph(page, 'run-figure');
    }
  },
  {
    name: 'what a program prints is text and nothing else',
    async run({ page }) {
      await register({ page });
      const code = 'print("<img src=x onerror=\\"document.title=1\\"><script>document.title=2</script>")';
      const panel = await run(await paste(page, code));
      assert.match(await text(panel.getByLabel('Output', { exact: true })), /^<img src=x onerror=/);
      assert.match(await page.title(), /CodeGenie/);
    }
  },
  {
    name: 'an administrator sees that the sandbox holds',
    needsAdmin: true,
    async run({ page, photograph }) {
      await signInAsAdmin(page);
      for (const tier of ['WebAssembly tier', 'Process tier']) {
        const card = page.getByRole('article', { name: tier });
        await card.getByText('ready', { exact: true }).waitFor();
        const [, stopped, tried] = /(\d+) of (\d+) attacks stopped/.exec(await text(card.locator('summary')));
        assert.equal(stopped, tried);
        assert.ok(Number(tried) >= 10);
      }
      await page.getByRole('heading', { name: 'Code in answers' }).waitFor();
      await page.getByRole('rowheader', { name: 'LIBRARY' }).waitFor();
      await assertFits(page);
      await assertReadable(page);
      await photograph(page, 'admin');
    }
  },
  {
    name: 'who is no administrator is told so',
    async run({ page }) {
      await register({ page });
      await page.goto('/admin');
      await page.getByText('This page is for administrators').waitFor();
      assert.equal(await page.getByRole('link', { name: 'Admin' }).count(), 0);
    }
  }
];
