import { describe, expect, it } from 'vitest';
import type { Checks } from './api/types';
import { executionWords } from './languages';

const checks = (execution: Checks['execution'], passed = 0, total = 0): Checks => ({
  syntax: 'passed',
  execution,
  notes: [],
  tests_passed: passed,
  tests_total: total,
  attempts: 1,
  duration_ms: 0
});

describe('what came of running code', () => {
  it('is told with the number of tests', () => {
    expect(executionWords(checks('passed', 12, 12))).toBe('all 12 passed');
    expect(executionWords(checks('passed', 1, 1))).toBe('1 passed');
    expect(executionWords(checks('failed', 3, 4))).toBe('3 of 4 passed');
  });

  it('is told without a number where nothing was counted', () => {
    expect(executionWords(checks('verified'))).toBe('verified when the library was built');
    expect(executionWords(checks('failed'))).toBe('failed');
    expect(executionWords(checks('unavailable'))).toBe('could not be run here');
  });
});
