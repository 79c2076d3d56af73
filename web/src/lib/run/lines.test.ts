import { describe, expect, it } from 'vitest';
import { rangeOfLine } from './lines';

function shown(html: string): HTMLElement {
  const element = document.createElement('code');
  element.innerHTML = html;
  return element;
}

const NESTED = '<span>def f(</span>x):\n    <b>return</b> x\n<i>\nf(1)</i>';

describe('a line of what is shown', () => {
  it.each([
    [1, 'def f(x):'],
    [2, '    return x'],
    [3, ''],
    [4, 'f(1)']
  ])('%i is found across nested elements', (line, text) => {
    expect(rangeOfLine(shown(NESTED), line)?.toString()).toBe(text);
  });

  it('that does not exist is not found', () => {
    expect(rangeOfLine(shown(NESTED), 5)).toBeUndefined();
    expect(rangeOfLine(shown(NESTED), 0)).toBeUndefined();
  });

  it('is the whole of a single line', () => {
    expect(rangeOfLine(shown('print(1)'), 1)?.toString()).toBe('print(1)');
  });
});
