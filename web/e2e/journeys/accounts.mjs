import assert from 'node:assert/strict';
import { composer, PASSWORD, register } from '../steps.mjs';

export const setUpJourney = {
  name: 'the first administrator is made by the link, once',
  async run({ page, adminLink, photograph }) {
    const fill = async (name) => {
      await page.getByLabel('E-mail').fill(`${name}@example.org`);
      await page.getByLabel('User name').fill(name);
      await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
      await page.getByRole('button', { name: 'Create administrator' }).click();
    };
    await page.goto(adminLink);
    await page.getByRole('heading', { name: 'Set up CodeGenie' }).waitFor();
    await photograph(page, 'setup');
    await fill('chief');
    await page.waitForURL('**/ask');
    await composer(page).waitFor();
    await page.goto('/profile');
    await page.getByText('Administrator').waitFor();

    await page.goto('/sign-in');
    await page.goto(adminLink);
    await fill('second');
    await page.getByRole('alert').waitFor();
    assert.match(page.url(), /\/setup/);
  }
};

async function signIn(page, email, password) {
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

export const accountJourneys = [
  {
    name: 'a visitor registers, signs out and signs in',
    async run({ page, photograph }) {
      await page.goto('/');
      await page.waitForURL('**/sign-in');
      await photograph(page, 'sign-in');
      await page.getByRole('link', { name: 'Create an account' }).click();
      await page.waitForURL('**/register');
      await page.getByRole('radio', { name: /^Student/ }).check();
      await photograph(page, 'register');
      const { email, username } = await register({ page });

      await page.getByRole('link', { name: 'Profile' }).click();
      await page.getByRole('heading', { name: username }).waitFor();
      await page.getByText('This server').waitFor();
      await photograph(page, 'profile');
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.waitForURL('**/sign-in');
      await page.goto('/profile');
      await page.waitForURL('**/sign-in?next=%2Fprofile');

      await signIn(page, email, 'wrong password 1');
      await page.getByRole('alert').waitFor();
      await signIn(page, email, PASSWORD);
      await page.waitForURL('**/profile');
      await page.getByRole('heading', { name: username }).waitFor();
    }
  },
  {
    name: 'a weak password is refused beside its field',
    async run({ page, photograph }) {
      await page.goto('/register');
      await page.getByLabel('E-mail').fill(`weak.${process.pid}@example.org`);
      await page.getByLabel('User name').fill(`weak.${process.pid}`);
      await page.getByLabel('Password', { exact: true }).fill('aaaaaaaaaaaa');
      await page.getByRole('button', { name: 'Create account' }).click();
      const field = page.getByLabel('Password', { exact: true });
      await field.and(page.locator('[aria-invalid="true"]')).waitFor();
      assert.equal(await field.evaluate((input) => input === document.activeElement), true);
      await photograph(page, 'register-refused');
    }
  },
  {
    name: 'a session that ended leads to sign-in and back',
    async run({ page, context }) {
      const { email } = await register({ page });
      await context.clearCookies();
      await composer(page).fill('Explain recursion');
      await composer(page).press('Enter');
      await page.waitForURL('**/sign-in');
      await signIn(page, email, PASSWORD);
      await page.waitForURL('**/ask');
      await composer(page).waitFor();
    }
  }
];
