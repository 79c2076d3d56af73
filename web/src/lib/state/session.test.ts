import { expect, it } from 'vitest';
import { safePath, signInPath } from './session.svelte';

it('leads back to pages of this app only', () => {
  expect(safePath('/ask?c=1')).toBe('/ask?c=1');
  for (const next of [null, '', 'ask', '//evil.example', '/\\evil.example', 'https://evil.example', '/a\\b', '/\t/x']) {
    expect(safePath(next)).toBe('/ask');
  }
});

it('remembers where the reader was', () => {
  expect(signInPath('/ask')).toBe('/sign-in');
  expect(signInPath('/ask?c=1&x=2')).toBe('/sign-in?next=%2Fask%3Fc%3D1%26x%3D2');
});
