// A browser that watches itself: console errors, failed scripts and requests to any other origin fail the journey.
import { chromium } from 'playwright-core';

const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync'
];

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    headless: true,
    args: ARGUMENTS
  });
}

/** Statuses the browser itself reports on the console, which are part of a journey. */
const EXPECTED_STATUS = /^Failed to load resource: the server responded with a status of (400|401|403|404|409|422) /;

/** A fresh profile; `problems` collects what must not happen. */
export async function openProfile(browser, baseUrl, options = {}) {
  const context = await browser.newContext({
    baseURL: baseUrl,
    viewport: { width: 1280, height: 800 },
    permissions: ['clipboard-read', 'clipboard-write'],
    ...options
  });
  context.setDefaultTimeout(15_000);
  const problems = [];
  context.on('request', (request) => {
    const url = new URL(request.url());
    if (!['data:', 'blob:'].includes(url.protocol) && url.origin !== baseUrl) problems.push(`request to ${url.href}`);
  });
  context.on('console', (message) => {
    if (message.type() !== 'error' || EXPECTED_STATUS.test(message.text())) return;
    problems.push(`console: ${message.text()}`);
  });
  context.on('weberror', (error) => problems.push(`uncaught: ${error.error().stack ?? error.error()}`));
  const page = await context.newPage();
  return { context, page, problems };
}
