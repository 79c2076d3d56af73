// One conversation as it is on the screen: its turns, and the question that is being answered.

import { ApiError, ask, conversations, describe, isAbort } from '../api/client';
import type {
  Answer,
  AskEvent,
  AskRequest,
  Checks,
  Language,
  Message,
  Mode,
  Route,
  Source,
  Style,
  WritingProgress
} from '../api/types';

/** Messages fetched at a time; the server's limit is 200. */
const MESSAGES_PAGE = 100;

/** How the reader wants to be answered. */
export interface Settings {
  mode: Mode;
  language: Language | '';
  style: Style;
  /** The language model; empty for the server's choice. */
  model: string;
}

/** A question as it was written. */
export interface Draft {
  text: string;
  code?: string;
  codeLanguage?: Language | undefined;
}

let turnCount = 0;

/** A question and its answer, which may still be coming. */
export class Turn {
  readonly key = (turnCount += 1);
  readonly question: string;
  phase = $state<'asking' | 'done' | 'stopped' | 'failed'>('asking');
  /** The answer so far, as Markdown. */
  text = $state('');
  route = $state<Route | undefined>();
  sources = $state<Source[] | undefined>();
  /** How far a language model has come. */
  progress = $state<WritingProgress | undefined>();
  checks = $state<Checks | undefined>();
  answer = $state<Answer | undefined>();
  problem = $state('');
  /** The reader said that the closest known thing is what was meant. */
  isConfirmed = $state(false);
  /** How the reader wished to be answered; the server tells in `route` what became of it. */
  wish: Mode = 'auto';
  /** What was asked, for asking again; missing for turns that were loaded. */
  draft: Draft | undefined;
  /** The turn that this one takes the place of. */
  earlier: Turn | undefined;

  constructor(question: string) {
    this.question = question;
  }

  /** Takes over a finished answer. */
  finish(answer: Answer): void {
    this.answer = answer;
    this.text = answer.answer;
    this.sources = answer.sources;
    this.checks = answer.checks;
    this.phase = 'done';
  }
}

/** The question as it is shown and stored: the text, and the code between fences. */
export function questionText({ text, code, codeLanguage }: Draft): string {
  if (!code) return text;
  const longest = Math.max(2, ...[...code.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${text}\n\n${fence}${codeLanguage ?? ''}\n${code}\n${fence}`.trim();
}

/** Pairs questions with the answers that follow them. */
export function turnsOf(messages: Message[]): Turn[] {
  const turns: Turn[] = [];
  for (const message of messages) {
    if (message.author === 'user') {
      turns.push(new Turn(message.text ?? ''));
    } else {
      const open = turns.at(-1);
      const turn = open && !open.answer ? open : new Turn('');
      if (turn !== open) turns.push(turn);
      if (message.answer) turn.finish({ ...message.answer, message_id: message.id });
    }
  }
  for (const turn of turns) {
    if (turn.answer) continue;
    turn.phase = 'failed';
    turn.problem = 'This question has no answer.';
  }
  return turns;
}

export class Thread {
  turns = $state<Turn[]>([]);
  title = $state('');
  conversationId = $state<string | null>(null);
  isLoading = $state(false);
  problem = $state('');
  /** Earlier messages that are not loaded yet. */
  earlierCount = $state(0);
  /** Called when a question is stored in a conversation: a new one, or this. */
  onstored: (conversationId: string) => void = () => undefined;

  #abort: AbortController | undefined;
  /** Grows whenever another conversation is shown, so that late answers are recognised. */
  #visit = 0;

  readonly current = $derived(this.turns.at(-1));
  readonly isBusy = $derived(this.current?.phase === 'asking');

  /** Shows another conversation; null for a new one. */
  async show(id: string | null): Promise<void> {
    if (id === this.conversationId) return;
    this.reset();
    this.conversationId = id;
    await this.load();
  }

  /** Starts a new conversation. */
  reset(): void {
    this.stop();
    this.#visit += 1;
    this.turns = [];
    this.title = '';
    this.conversationId = null;
    this.problem = '';
    this.earlierCount = 0;
    this.isLoading = false;
  }

  /** Loads the newest messages of the conversation. */
  async load(): Promise<void> {
    const id = this.conversationId;
    if (id === null) return;
    const visit = this.#visit;
    this.isLoading = true;
    this.problem = '';
    try {
      const [conversation, first] = await Promise.all([
        conversations.get(id),
        conversations.messages(id, MESSAGES_PAGE, 0)
      ]);
      const offset = Math.max(0, first.total - MESSAGES_PAGE);
      const { messages } = offset === 0 ? first : await conversations.messages(id, MESSAGES_PAGE, offset);
      if (visit !== this.#visit) return;
      this.title = conversation.title;
      this.turns = turnsOf(messages);
      this.earlierCount = offset;
    } catch (error) {
      if (visit === this.#visit) this.problem = describe(error);
    } finally {
      if (visit === this.#visit) this.isLoading = false;
    }
  }

  /** Loads the messages before those that are shown. */
  async loadEarlier(): Promise<void> {
    const id = this.conversationId;
    if (id === null || this.earlierCount === 0) return;
    const visit = this.#visit;
    const offset = Math.max(0, this.earlierCount - MESSAGES_PAGE);
    try {
      const { messages } = await conversations.messages(id, this.earlierCount - offset, offset);
      if (visit !== this.#visit) return;
      this.turns = [...turnsOf(messages), ...this.turns];
      this.earlierCount = offset;
    } catch (error) {
      if (visit === this.#visit) this.problem = describe(error);
    }
  }

  async send(draft: Draft, settings: Settings): Promise<void> {
    if (this.isBusy) return;
    const turn = new Turn(questionText(draft));
    turn.draft = draft;
    this.turns.push(turn);
    await this.#answer(this.current!, settings);
  }

  /** Asks again in place of `old`: the same question, or another wording of it. */
  async replace(old: Turn, draft: Draft, settings: Settings): Promise<void> {
    const at = this.turns.findIndex(({ key }) => key === old.key);
    if (this.isBusy || at === -1) return;
    const turn = new Turn(questionText(draft));
    turn.draft = draft;
    // A turn without an answer is not stored, so there is nothing to go back to but what it replaced.
    turn.earlier = old.answer ? old : old.earlier;
    this.turns[at] = turn;
    await this.#answer(this.turns[at]!, settings);
  }

  again(turn: Turn, settings: Settings): Promise<void> {
    return this.replace(turn, turn.draft ?? { text: turn.question }, settings);
  }

  /** Puts back the answer that was to be replaced. */
  restore(turn: Turn): void {
    const at = this.turns.findIndex(({ key }) => key === turn.key);
    if (at !== -1 && turn.earlier) this.turns[at] = turn.earlier;
  }

  stop(): void {
    this.#abort?.abort();
  }

  async #answer(turn: Turn, settings: Settings): Promise<void> {
    const abort = new AbortController();
    const visit = this.#visit;
    this.#abort = abort;
    turn.wish = settings.mode;
    const pending = new PendingText((text) => (turn.text += text));
    try {
      for await (const event of ask(this.#request(turn, settings), abort.signal)) {
        if (event.kind === 'token') pending.add(event.text);
        else this.#take(turn, event);
      }
    } catch (error) {
      pending.flush();
      if (isAbort(error) || abort.signal.aborted) {
        turn.phase = 'stopped';
      } else {
        turn.phase = 'failed';
        turn.problem = describe(error);
        if (error instanceof ApiError && error.status === 404 && this.turns.length > 1) {
          turn.problem += ' The conversation may have been deleted elsewhere; start a new one.';
        }
      }
      return;
    } finally {
      pending.drop();
    }
    const stored = turn.answer?.conversation_id;
    if (visit === this.#visit && stored) {
      this.conversationId = stored;
      this.onstored(stored);
    }
  }

  #take(turn: Turn, event: Exclude<AskEvent, { kind: 'token' }>): void {
    switch (event.kind) {
      case 'route':
        turn.route = event.route;
        break;
      case 'sources':
        turn.sources = event.sources;
        break;
      case 'progress':
        turn.progress = event.progress;
        break;
      case 'check':
        turn.checks = event.checks;
        break;
      case 'done':
        turn.finish(event.answer);
        break;
    }
  }

  #request(turn: Turn, { mode, language, style, model }: Settings): AskRequest {
    const draft = turn.draft ?? { text: turn.question };
    const wanted = draft.codeLanguage ?? (language || undefined);
    const replaced = turn.earlier?.answer?.message_id;
    return {
      message: draft.text,
      mode,
      style,
      ...(draft.code ? { code: draft.code } : {}),
      ...(wanted ? { language: wanted } : {}),
      ...(model ? { model } : {}),
      ...(this.conversationId ? { conversation_id: this.conversationId } : {}),
      ...(replaced ? { replaces_message_id: replaced } : {})
    };
  }
}

/** Collects tokens and hands them on once a frame, so that fast answers do not redraw for every token. */
class PendingText {
  #text = '';
  #frame: number | undefined;
  readonly #write: (text: string) => void;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  add(text: string): void {
    this.#text += text;
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined;
      this.flush();
    });
  }

  flush(): void {
    if (this.#text) this.#write(this.#text);
    this.drop();
  }

  drop(): void {
    this.#text = '';
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    this.#frame = undefined;
  }
}
