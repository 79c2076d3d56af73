import { describe, expect, it } from 'vitest';
import { countWords, nameFor, progressWords, shareOf, sizeWords } from './words';

describe('sizes and counts', () => {
  it('are written in the unit that fits', () => {
    expect([0, 1, 2048, 870_000_000, 1_500_000_000, 40 * 1024 ** 3].map(sizeWords)).toEqual([
      '0 KiB',
      '1 KiB',
      '2 KiB',
      '830 MiB',
      '1.4 GiB',
      '40 GiB'
    ]);
    expect([164_000, 350_000_000, 1_346_000_000].map(countWords)).toEqual(['164,000', '350 M', '1.3 B']);
  });
});

describe('progress of an answer', () => {
  const progress = { model: 'phi-2', position: null, estimate_ms: null, tokens: null };

  it('names the model, the place and the time', () => {
    expect(progressWords({ ...progress, stage: 'waiting', position: 2, estimate_ms: 12_400 })).toBe(
      'Waiting for phi-2: 2 before you, about 12 s'
    );
    expect(progressWords({ ...progress, stage: 'loading', estimate_ms: 200_000 })).toBe('Loading phi-2, about 3 min');
    expect(progressWords({ ...progress, stage: 'writing', tokens: 41 })).toBe('phi-2 is writing: 41 tokens');
  });

  it('does without what is not known', () => {
    expect(progressWords({ ...progress, stage: 'waiting' })).toBe('Waiting for phi-2');
    expect(progressWords({ ...progress, stage: 'checking' })).toBe('Checking the code');
  });
});

describe('jobs', () => {
  it('tell a share only where the whole is known', () => {
    expect(shareOf({ stage: '', done: 5, total: 20 })).toBe(0.25);
    expect(shareOf({ stage: '', done: 25, total: 20 })).toBe(1);
    expect(shareOf({ stage: '', done: 5, total: null })).toBeUndefined();
  });
});

describe('the name for a file', () => {
  it('is made of what names may be made of', () => {
    expect(nameFor('DeepSeek Coder 1.3B.Q4_K_M.gguf')).toBe('deepseek-coder-1.3b.q4_k_m');
    expect(nameFor('../..//x.GGUF')).toBe('x');
    expect(nameFor('ü'.repeat(80))).toBe('');
  });
});
