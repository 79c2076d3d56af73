// One piece of code that the reader runs in the sandbox, as often as they like.

import { describe, isAbort, runProgram } from '../api/client';
import type { Language, RunResult } from '../api/types';

export type RunPhase = 'idle' | 'running' | 'ended' | 'stopped' | 'failed';

export class Run {
  phase = $state<RunPhase>('idle');
  result = $state.raw<RunResult | undefined>(undefined);
  problem = $state('');
  /** What the program reads from standard input. */
  stdin = $state('');
  #stopper: AbortController | undefined;

  constructor(
    readonly code: string,
    readonly language: Language
  ) {}

  async start(): Promise<void> {
    if (this.phase === 'running') return;
    this.phase = 'running';
    this.#stopper = new AbortController();
    try {
      const { code, language, stdin } = this;
      this.result = await runProgram({ code, language, ...(stdin ? { stdin } : {}) }, this.#stopper.signal);
      this.phase = 'ended';
    } catch (error) {
      this.result = undefined;
      this.phase = isAbort(error) ? 'stopped' : 'failed';
      this.problem = isAbort(error) ? '' : describe(error);
    }
  }

  /** Leaves; the server stops the program when nobody waits for it. */
  stop(): void {
    this.#stopper?.abort();
  }
}

const STATUS_WORDS: Record<RunResult['status'], string> = {
  ok: 'Finished',
  error: 'Ended with an error',
  timeout: 'Stopped: its time was up',
  memory: 'Stopped: out of memory',
  denied: 'Stopped: not allowed',
  unavailable: 'Not run'
};

/** How the run ended, as people read it. */
export function statusWords(result: RunResult): string {
  return STATUS_WORDS[result.status] ?? result.status;
}

/** A time as people read it: `4 ms`, `1.2 s`. */
export function durationWords(milliseconds: number): string {
  if (milliseconds < 1) return 'under 1 ms';
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

/** Whether the code asks for input, so that the field for it should be seen before the first run. */
export function readsInput(language: Language, code: string): boolean {
  if (language === 'python') return /\binput\s*\(|\bsys\.stdin\b/.test(code);
  if (language === 'javascript') return /\bprocess\.stdin\b|readFileSync\(\s*(?:0|['"]\/dev\/stdin['"])/.test(code);
  return false;
}
