import { expect, it } from 'vitest';
import { percent } from './percent';

it('rounds, but neither to nothing nor to certainty', () => {
  expect([0, 0.004, 0.01, 0.554, 0.99, 0.9994, 1].map(percent)).toEqual([
    '0 %',
    '< 1 %',
    '1 %',
    '55 %',
    '99 %',
    '> 99 %',
    '100 %'
  ]);
});

it('stays within its bounds', () => {
  expect([-0.1, 1.1].map(percent)).toEqual(['0 %', '100 %']);
});
