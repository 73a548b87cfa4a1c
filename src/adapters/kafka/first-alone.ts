/** The first of each key goes alone; once it has succeeded the others go together. After a failure the next one is a first again. */
export class FirstAlone {
  readonly #first = new Map<number, Promise<unknown>>();

  async run<T>(key: number, body: () => Promise<T>): Promise<T> {
    for (let first = this.#first.get(key); first !== undefined; first = this.#first.get(key)) {
      // Its own caller hears of a failure; here it only means that the way was not opened.
      const isOpen = await first.then(
        () => true,
        () => false,
      );
      if (isOpen) break;
      if (this.#first.get(key) === first) this.#first.delete(key);
    }
    const mine = body();
    if (!this.#first.has(key)) this.#first.set(key, mine);
    try {
      return await mine;
    } catch (error) {
      this.#first.delete(key);
      throw error;
    }
  }
}
