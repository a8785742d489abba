// What a person has chosen for this browser: the theme, what is to happen when somebody mentions them, and
// whether a single character is a shortcut.
// Knows nothing about the page or how a choice is carried out.

/** @typedef {"system" | "light" | "dark" | "contrast"} Theme */
/** @typedef {{theme: Theme, notify: boolean, sound: boolean, singleKeys: boolean}} Choices */
/** @typedef {{get(name: string): unknown, set(name: string, value: unknown): void}} Keeping */

/** @type {readonly Theme[]} */
export const THEMES = ["system", "light", "dark", "contrast"];

export class Settings {
  #keep;

  /** @param {Keeping} keep */
  constructor(keep) {
    this.#keep = keep;
  }

  /** @returns {Theme} */
  get theme() {
    const kept = this.#keep.get("theme");
    return THEMES.find((theme) => theme === kept) ?? "system";
  }

  /** Whether a mention is to be notified. */
  get notify() {
    return this.#keep.get("notify") === true;
  }

  /** Whether a mention is to be heard. */
  get sound() {
    return this.#keep.get("sound") === true;
  }

  /** Whether a key without another one may be a shortcut, where nothing is being written. */
  get singleKeys() {
    return this.#keep.get("singleKeys") !== false;
  }

  /** @template {keyof Choices} K @param {K} name @param {Choices[K]} value */
  choose(name, value) {
    this.#keep.set(name, value);
  }
}
