// The reader's conversations: listed, searched, renamed, deleted.

import { conversations, describe, isAbort } from '../api/client';
import type { Conversation } from '../api/types';

const PAGE = 50;
const SEARCH_DELAY_MS = 200;

export class History {
  items = $state<Conversation[]>([]);
  total = $state(0);
  search = $state('');
  /** The search that `items` answers. */
  shown = $state('');
  isLoading = $state(true);
  problem = $state('');

  #timer: ReturnType<typeof setTimeout> | undefined;
  #abort: AbortController | undefined;

  /** Searches when the typing pauses. */
  type(search: string): void {
    this.search = search;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.refresh(), SEARCH_DELAY_MS);
  }

  /** Reads the list again from its beginning. */
  refresh(): Promise<void> {
    return this.#read(0);
  }

  more(): Promise<void> {
    return this.#read(this.items.length);
  }

  async #read(offset: number): Promise<void> {
    clearTimeout(this.#timer);
    this.#abort?.abort();
    const abort = new AbortController();
    this.#abort = abort;
    this.isLoading = true;
    const search = this.search.trim();
    try {
      const page = await conversations.list(search, PAGE, offset, abort.signal);
      const known = new Set(page.conversations.map(({ id }) => id));
      const before = offset === 0 ? [] : this.items.filter(({ id }) => !known.has(id));
      this.items = [...before, ...page.conversations];
      this.total = page.total;
      this.shown = search;
      this.problem = '';
    } catch (error) {
      if (isAbort(error)) return;
      this.problem = describe(error);
    }
    this.isLoading = false;
  }

  async rename(id: string, title: string): Promise<void> {
    try {
      await conversations.rename(id, title);
      this.items = this.items.map((item) => (item.id === id ? { ...item, title } : item));
      this.problem = '';
    } catch (error) {
      this.problem = describe(error);
    }
  }

  /** Whether it is gone. */
  async remove(id: string): Promise<boolean> {
    try {
      await conversations.remove(id);
      this.items = this.items.filter((item) => item.id !== id);
      this.total -= 1;
      this.problem = '';
      return true;
    } catch (error) {
      this.problem = describe(error);
      return false;
    }
  }
}

export interface Group {
  title: string;
  items: Conversation[];
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** Groups by the day of the last change; the order stays. */
export function groupByDay(items: Conversation[], now: Date): Group[] {
  const today = new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime();
  const titleOf = ({ updated_at }: Conversation) => {
    const time = new Date(updated_at).getTime();
    if (!(time < today)) return 'Today';
    if (time >= today - DAY_MS) return 'Yesterday';
    return time >= today - 7 * DAY_MS ? 'Last 7 days' : 'Older';
  };
  const groups: Group[] = [];
  for (const item of items) {
    const title = titleOf(item);
    const last = groups.at(-1);
    if (last?.title === title) last.items.push(item);
    else groups.push({ title, items: [item] });
  }
  return groups;
}
