/**
 * Waiting for what others bring: whoever waits for a condition is asked again at each change, and
 * gives up at a deadline. It knows nothing of what changes.
 *
 * @module
 */

export class Changes {
  readonly #waiting: Set<() => void> = new Set();

  /** Something has changed. */
  tell(): void {
    for (const ask of [...this.#waiting]) ask();
  }

  /** Resolves with true once `condition` holds, with false after `waitMs` without. */
  until(condition: () => boolean, waitMs: number): Promise<boolean> {
    if (condition()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const end = (held: boolean) => {
        this.#waiting.delete(ask);
        clearTimeout(timer);
        resolve(held);
      };
      const ask = () => {
        if (condition()) end(true);
      };
      const timer = setTimeout(() => end(condition()), waitMs);
      this.#waiting.add(ask);
    });
  }
}
