interface Entry<T> {
  value: T;
  expires: number;
}

export class Cache<T> {
  private entries = new Map<string, Entry<T>>();

  constructor(private readonly lifetime: number) {}

  get(key: string): T | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined || entry.expires < Date.now()) {
      this.entries.delete(key);
      return undefined;
    }
    return entry.value;
  }

  set(key: string, value: T): void {
    this.entries.set(key, { value, expires: Date.now() + this.lifetime });
  }
}
