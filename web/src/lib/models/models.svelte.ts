// The language models of this server as the Models page and the composer see them: the list, the memory, the jobs.

import { describe, isAbort, models as api } from '../api/client';
import type {
  LanguageModel,
  MemoryLedger,
  ModelJob,
  ModelTaskSettings,
  PullRequest,
  QuantiseRequest
} from '../api/types';

/** Milliseconds between two looks at memory and jobs while the page is open. */
const LOOK_MS = 1500;

/** A file on its way from this browser to the server. */
export class Upload {
  done = $state(0);
  problem = $state('');
  isEnded = $state(false);
  readonly total: number;
  readonly #abort = new AbortController();

  constructor(
    readonly name: string,
    readonly file: File
  ) {
    this.total = file.size;
  }

  async start(): Promise<void> {
    try {
      await api.upload(this.name, this.file, (done) => (this.done = done), this.#abort.signal);
    } catch (error) {
      this.problem = isAbort(error) ? 'Stopped by you.' : describe(error);
    } finally {
      this.isEnded = true;
    }
  }

  stop(): void {
    this.#abort.abort();
  }
}

class LanguageModels {
  list = $state.raw<LanguageModel[] | undefined>();
  tasks = $state.raw<ModelTaskSettings[]>([]);
  ledger = $state.raw<MemoryLedger | undefined>();
  jobs = $state.raw<ModelJob[]>([]);
  uploads = $state<Upload[]>([]);
  problem = $state('');
  /** What went wrong with an act on a model, by the model's name. */
  problems = $state<Record<string, string>>({});

  /** Loads the list; what fails is told in `problem`. */
  async load(): Promise<void> {
    try {
      const { models, tasks } = await api.list();
      this.list = models;
      this.tasks = tasks;
      this.problem = '';
    } catch (error) {
      this.problem = describe(error);
    }
  }

  /** Looks at memory and jobs, and again until it is ended. Gives what ends it. */
  watch(seesJobs: boolean): () => void {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let hasEnded = false;
    const look = async () => {
      await this.#look(seesJobs);
      if (!hasEnded) timer = setTimeout(() => void look(), LOOK_MS);
    };
    void this.load();
    void look();
    return () => {
      hasEnded = true;
      clearTimeout(timer);
    };
  }

  async #look(seesJobs: boolean): Promise<void> {
    try {
      const wasRunning = this.jobs.filter(isRunning).length;
      const residents = this.ledger?.residents.length;
      [this.ledger, this.jobs] = await Promise.all([
        api.ledger(),
        seesJobs ? api.jobs().then(({ jobs }) => jobs) : Promise.resolve([])
      ]);
      const hasChanged =
        this.jobs.filter(isRunning).length < wasRunning || residents !== this.ledger.residents.length || this.problem;
      if (hasChanged) await this.load();
    } catch (error) {
      this.problem = describe(error);
    }
  }

  /** Does something to a model, and shows what became of it. */
  async act(name: string, work: () => Promise<unknown>): Promise<void> {
    this.problems[name] = '';
    try {
      await work();
    } catch (error) {
      this.problems[name] = describe(error);
    }
    await this.#look(true);
    await this.load();
  }

  bringIn(name: string): Promise<void> {
    return this.act(name, () => api.load(name));
  }

  unload(name: string): Promise<void> {
    return this.act(name, () => api.unload(name));
  }

  pin(name: string, isPinned: boolean): Promise<void> {
    return this.act(name, () => api.pin(name, isPinned));
  }

  remove(name: string): Promise<void> {
    return this.act(name, () => api.remove(name));
  }

  quantise(name: string, request: QuantiseRequest): Promise<void> {
    return this.act(name, () => api.quantise(name, request));
  }

  cancel(job: ModelJob): Promise<void> {
    return this.act(job.subject, () => api.cancelJob(job.id));
  }

  /** Begins to fetch a model; fails with a sentence when the server refuses at once. */
  async pull(request: PullRequest): Promise<void> {
    await api.pull(request);
    await this.#look(true);
  }

  /** Sends a file of this browser. */
  async send(name: string, file: File): Promise<void> {
    this.uploads.push(new Upload(name, file));
    await this.uploads.at(-1)!.start();
    await this.load();
  }

  dismiss(upload: Upload): void {
    this.uploads = this.uploads.filter((other) => other !== upload);
  }
}

export function isRunning({ state }: ModelJob): boolean {
  return state === 'running';
}

export const languageModels = new LanguageModels();
