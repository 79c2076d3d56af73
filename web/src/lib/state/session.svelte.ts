// Who is signed in. The session itself is a cookie that scripts cannot read.

import { auth } from '../api/client';
import type { NewAccount, User } from '../api/types';

class Session {
  /** `undefined` until the server was asked. */
  user = $state<User | null | undefined>(undefined);
  #asking: Promise<User | null> | undefined;

  /** Asks the server once. */
  async load(): Promise<User | null> {
    if (this.user !== undefined) return this.user;
    this.#asking ??= auth.me().finally(() => (this.#asking = undefined));
    this.user = await this.#asking;
    return this.user;
  }

  async signIn(email: string, password: string): Promise<void> {
    this.user = (await auth.login(email, password)).user;
  }

  async register(account: NewAccount): Promise<void> {
    await auth.register(account);
    await this.signIn(account.email, account.password);
  }

  async setUp(token: string, account: Omit<NewAccount, 'role'>): Promise<void> {
    await auth.setup({ token, ...account });
    await this.signIn(account.email, account.password);
  }

  async signOut(): Promise<void> {
    await auth.logout();
    this.user = null;
  }

  /** The server said that the session is over. */
  forget(): void {
    this.user = null;
  }
}

export const session = new Session();

/** A path of this app to go on to after signing in; never another site. */
export function safePath(next: string | null): string {
  const isLocal = next !== null && /^\/(?![/\\])[^\\]*$/.test(next) && !/[\u0000-\u001f]/.test(next);
  return isLocal ? next : '/ask';
}

/** The sign-in page, which leads back to `path`. */
export function signInPath(path: string): string {
  return path === '/ask' ? '/sign-in' : `/sign-in?next=${encodeURIComponent(path)}`;
}
