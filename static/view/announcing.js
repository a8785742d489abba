// What a screen reader announces by itself: what comes, and not what was there before.
// Knows nothing about what the lines say.

const SETTLED_AFTER_MS = 500;

export class Announcing {
  #wanted = false;
  #log;

  /** @param {HTMLElement} log */
  constructor(log) {
    this.#log = log;
  }

  stop() {
    this.#wanted = false;
    this.#log.setAttribute("aria-live", "off");
  }

  /** Readers announce what comes from now on; they must have seen the rest go in before. */
  start() {
    this.#wanted = true;
    setTimeout(() => {
      if (this.#wanted) this.#log.setAttribute("aria-live", "polite");
    }, SETTLED_AFTER_MS);
  }

  /** Nothing of what the action adds is announced. @param {() => void} action */
  without(action) {
    const wanted = this.#wanted;
    this.stop();
    action();
    if (wanted) this.start();
  }
}
