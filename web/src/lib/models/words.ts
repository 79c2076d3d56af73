// How sizes, counts and progress of language models are written for people.

import type { ModelJob, WritingProgress } from '../api/types';

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;

/** Bytes as people read them: 760 MiB, 1.4 GiB. */
export function sizeWords(bytes: number): string {
  if (bytes >= GIB) return `${(bytes / GIB).toFixed(bytes >= 10 * GIB ? 0 : 1)} GiB`;
  if (bytes >= MIB) return `${Math.round(bytes / MIB)} MiB`;
  return `${Math.max(bytes > 0 ? 1 : 0, Math.round(bytes / 1024))} KiB`;
}

/** A number of weights: 1.3 B, 350 M. */
export function countWords(count: number): string {
  if (count >= 1e9) return `${(count / 1e9).toFixed(1)} B`;
  if (count >= 1e6) return `${Math.round(count / 1e6)} M`;
  return count.toLocaleString('en');
}

/** Time until something begins, roughly. */
function waitWords(milliseconds: number): string {
  const seconds = Math.max(1, Math.round(milliseconds / 1000));
  return seconds < 90 ? `about ${seconds} s` : `about ${Math.round(seconds / 60)} min`;
}

/** What a language model is doing for an answer, without a full stop. */
export function progressWords({ stage, model, position, estimate_ms, tokens }: WritingProgress): string {
  const wait = estimate_ms ? `, ${waitWords(estimate_ms)}` : '';
  switch (stage) {
    case 'waiting':
      return position ? `Waiting for ${model}: ${position} before you${wait}` : `Waiting for ${model}${wait}`;
    case 'loading':
      return `Loading ${model}${wait}`;
    case 'reading':
      return tokens ? `${model} is reading ${tokens} tokens` : `${model} is reading`;
    case 'writing':
      return tokens ? `${model} is writing: ${tokens} tokens` : `${model} is writing`;
    case 'checking':
      return 'Checking the code';
    case 'repairing':
      return `The code failed its checks; ${model} is mending it`;
  }
}

/** How far a job has come, 0 to 1; undefined when that cannot be told. */
export function shareOf({ done, total }: NonNullable<ModelJob['progress']>): number | undefined {
  return total ? Math.min(1, done / total) : undefined;
}

/** The name a file gets on the server unless another is chosen: what a model's name may be made of. */
export function nameFor(file: string): string {
  const plain = file
    .replace(/\.gguf$/i, '')
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-');
  return plain.replace(/^[^a-z0-9]+/, '').slice(0, 64);
}
