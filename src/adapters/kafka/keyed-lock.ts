/** One at a time for each key, in the order of asking. */
export class KeyedLock {
  readonly #last = new Map<number, Promise<unknown>>();

  async run<T>(key: number, body: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const mine = before.then(body, body);
    this.#last.set(key, mine);
    return await mine;
  }
}
