// What the journeys have in common: accounts, questions, pictures.
import assert from 'node:assert/strict';
import { join } from 'node:path';

export const PASSWORD = 'Correct-horse-9';
export const CODE_QUESTION = 'Write a Python function that checks whether a string is a palindrome';
export const EXPLAIN_QUESTION = 'Explain recursion';
export const UNKNOWN_QUESTION = 'Write Python code that calibrates the flux capacitor of a Zorblax drive';

let accountCount = 0;

/** Registers a new account by the form and ends on the Ask page. */
export async function register({ page }, role = 'Developer') {
  accountCount += 1;
  const username = `tester${accountCount}.${process.pid}`;
  const email = `person${accountCount}.${process.pid}@example.org`;
  await page.goto('/register');
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('User name').fill(username);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('radio', { name: new RegExp(`^${role}`) }).check();
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.waitForURL('**/ask');
  await composer(page).waitFor();
  return { email, username };
}

export const composer = (page) => page.getByLabel('Your question');
export const answers = (page) => page.getByRole('article', { name: 'Answer' });

/** Writes a question and sends it with Enter. */
export async function send(page, question) {
  await composer(page).fill(question);
  await composer(page).press('Enter');
}

/** Asks and waits for the end of the answer; gives the answer's element. */
export async function ask(page, question) {
  const before = await answers(page).count();
  await send(page, question);
  const answer = answers(page).nth(before);
  await ended(answer);
  return answer;
}

export async function ended(answer) {
  await answer.and(answer.page().locator('[aria-busy="false"]')).waitFor();
}

export async function text(locator) {
  return (await locator.innerText()).trim();
}

/** Nothing may reach beyond the screen, except what scrolls by itself. */
export async function assertFits(page) {
  const wide = await page.evaluate(() =>
    [...document.body.querySelectorAll('*')]
      .filter((element) => !element.closest('pre, .table-scroll, .visually-hidden, dialog:not([open])'))
      .filter((element) => element.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
      .map((element) => `${element.tagName.toLowerCase()}.${element.getAttribute('class')}`)
  );
  assert.deepEqual(wide, [], 'wider than the screen');
}

export function photographer(directory) {
  return (page, name) => page.screenshot({ path: join(directory, `${name}.png`), animations: 'disabled' });
}
