/**
 * Things to release, last acquired first. Releasing goes on when one of them fails; the failures come out together.
 * (The language's own AsyncDisposableStack is missing in Node 22.)
 */
export class ReleaseStack implements AsyncDisposable {
  readonly #releases: (() => unknown)[] = [];

  /** Takes charge of a disposable and hands it back. */
  use<T extends AsyncDisposable>(value: T): T {
    this.defer(() => value[Symbol.asyncDispose]());
    return value;
  }

  defer(release: () => unknown): void {
    this.#releases.push(release);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const failures: unknown[] = [];
    for (let release = this.#releases.pop(); release !== undefined; release = this.#releases.pop()) {
      try {
        await release();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1) throw new AggregateError(failures, "Several things could not be released");
  }
}
