// What this server has at hand: models, knowledge, version. Asked once; the status line tells it.

import { getStatus } from '../api/client';
import type { SystemStatus } from '../api/types';

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

  /** What is missing and what that means, as sentences. */
  get limits(): string[] {
    const status = this.current;
    if (!status) return [];
    const limits: string[] = [];
    if (!status.language_model.available) limits.push('No language model: answers come from the verified library');
    if (!status.encoder.available) limits.push('Searching by words: embedding model missing');
    return limits;
  }
}

export const serverStatus = new ServerStatus();
