// What the journeys have in common: accounts, questions, pictures.
import assert from 'node:assert/strict';
import { join } from 'node:path';

export const PASSWORD = 'Correct-horse-9';
export const CODE_QUESTION = 'Write a Python function that merges overlapping intervals';
export const EXPLAIN_QUESTION = 'Explain recursion';
export const UNKNOWN_QUESTION = 'Write a Python script that deploys a Kubernetes operator with Helm';

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

/** Every text that is seen stands out from its ground by 4.5:1, or by 3:1 when it is large (WCAG 2.2, 1.4.3). */
export async function assertReadable(page) {
  const faint = await page.evaluate(() => {
    const parse = (colour) =>
      colour
        .match(/^rgba?\((\d+), (\d+), (\d+)(?:, ([\d.]+))?\)$/)
        ?.slice(1)
        .map((part) => (part === undefined ? 1 : Number(part)));
    const light = ([red, green, blue]) => {
      const [r, g, b] = [red, green, blue].map((value) => {
        const share = value / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const over = (top, below) => top.slice(0, 3).map((value, at) => value * top[3] + below[at] * (1 - top[3]));
    const groundOf = (element) => {
      if (!element) return [255, 255, 255];
      const [red, green, blue, alpha] = parse(getComputedStyle(element).backgroundColor) ?? [0, 0, 0, 0];
      return alpha === 1 ? [red, green, blue] : over([red, green, blue, alpha], groundOf(element.parentElement));
    };
    const found = [];
    for (const element of document.body.querySelectorAll('*')) {
      const holdsText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '');
      if (!holdsText || element.matches(':disabled, option, noscript, script, .visually-hidden')) continue;
      if (!element.checkVisibility()) continue;
      const style = getComputedStyle(element);
      const colour = parse(style.color);
      if (!colour) continue;
      const [high, low] = [light(colour), light(groundOf(element))].sort((a, b) => b - a);
      const size = parseFloat(style.fontSize);
      const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      const ratio = (high + 0.05) / (low + 0.05);
      if (ratio < (isLarge ? 3 : 4.5)) found.push(`${ratio.toFixed(2)} ${element.textContent.trim().slice(0, 40)}`);
    }
    return found;
  });
  assert.deepEqual(faint, [], 'hard to read');
}

export function photographer(directory) {
  return (page, name) => page.screenshot({ path: join(directory, `${name}.png`), animations: 'disabled' });
}
