// Keeps small values under a name: over a reload (session) or for good (local).
// Knows nothing about what they mean. A browser may forbid storage or run out of room; then values live as long as the page.

/** @typedef {Pick<Storage, "getItem" | "setItem" | "removeItem">} Backing */

const PREFIX = "parley.";

export class Keep {
  /** What could not be written to the backing. @type {Map<string, string>} */
  #memory = new Map();
  #backing;

  /** @param {() => Backing | null} open called once; it may throw */
  constructor(open) {
    this.#backing = attempt(open);
  }

  /** @param {string} name @returns {unknown} what was kept, or null */
  get(name) {
    const key = PREFIX + name;
    const text = this.#memory.get(key) ?? attempt(() => this.#backing?.getItem(key) ?? null);
    return text === null ? null : attempt(() => JSON.parse(text));
  }

  /** @param {string} name @returns {string} what was kept, or empty if it was no text */
  text(name) {
    const value = this.get(name);
    return typeof value === "string" ? value : "";
  }

  /** @param {string} name @param {unknown} value */
  set(name, value) {
    const key = PREFIX + name;
    const text = JSON.stringify(value);
    const written = attempt(() => {
      if (!this.#backing) return false;
      this.#backing.setItem(key, text);
      return true;
    });
    if (written) this.#memory.delete(key);
    else this.#memory.set(key, text);
  }

  /** @param {string} name */
  remove(name) {
    const key = PREFIX + name;
    this.#memory.delete(key);
    attempt(() => this.#backing?.removeItem(key));
  }
}

/** @template T @param {() => T} action @returns {T | null} */
function attempt(action) {
  try {
    return action();
  } catch {
    return null;
  }
}
