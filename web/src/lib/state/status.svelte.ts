// What this server has at hand: models, knowledge, version; the status line tells it.

import { getStatus } from '../api/client';
import type { SystemStatus } from '../api/types';

/** Milliseconds between two questions while knowledge is being indexed. */
const INDEXING_MS = 2000;
/** Questions in a row; when they are used up something is wrong, and the last answer stays. */
const INDEXING_ROUNDS_MAX = 150;

/** Whether vectors are being made at the moment: there is a model for it, and something that has none yet. */
export function isIndexing({ encoder, knowledge }: SystemStatus): boolean {
  return encoder.available && knowledge.unembedded > 0;
}

class ServerStatus {
  current = $state<SystemStatus | undefined>(undefined);

  /** Best effort: without it the page works, only the status line is empty. */
  async load(): Promise<void> {
    try {
      this.current = await getStatus();
    } catch {
      this.current = undefined;
    }
  }

  /** Loads, and again for as long as the server is indexing. Gives what ends it. */
  watch(): () => void {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let hasEnded = false;
    const look = async (rounds: number) => {
      await this.load();
      if (hasEnded || rounds === 0 || !this.current || !isIndexing(this.current)) return;
      timer = setTimeout(() => void look(rounds - 1), INDEXING_MS);
    };
    void look(INDEXING_ROUNDS_MAX);
    return () => {
      hasEnded = true;
      clearTimeout(timer);
    };
  }

  /** What is missing and what that means, as sentences. */
  get limits(): string[] {
    const status = this.current;
    if (!status) return [];
    const limits: string[] = [];
    if (!status.language_model.available) limits.push('No language model: answers come from the verified library');
    if (!status.encoder.available) limits.push('Searching by words: embedding model missing');
    else if (isIndexing(status)) limits.push(`Indexing: ${status.knowledge.unembedded} entries to go`);
    return limits;
  }
}

export const serverStatus = new ServerStatus();
