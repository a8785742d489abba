// What one has sent from this tab, to be had again by going back.
// Knows nothing about the page. What is secret is not kept.

import { isSecret } from "./protocol.js";

/** @import {Keeping} from "./memory.js" */

export const MOST_TEXTS = 50;
export const MOST_CHARACTERS = 20_000;
const NAME = "sent";

export class Sent {
  /** Oldest first. @type {string[]} */
  #texts;
  /** Which one is shown; the length where none is. */
  #place;
  #keep;

  /** @param {Keeping} keep */
  constructor(keep) {
    this.#keep = keep;
    const kept = keep.get(NAME);
    this.#texts = Array.isArray(kept) ? kept.filter((text) => typeof text === "string") : [];
    this.#place = this.#texts.length;
  }

  /** @param {string} text */
  add(text) {
    if (!isSecret(text) && text !== this.#texts.at(-1)) this.#texts.push(text);
    while (this.#texts.length > MOST_TEXTS || this.#texts.join("").length > MOST_CHARACTERS) this.#texts.shift();
    this.#keep.set(NAME, this.#texts);
    this.#place = this.#texts.length;
  }

  /** Whether this is what was given last, and so nothing that somebody has written since. @param {string} text */
  isShown(text) {
    return text === (this.#texts[this.#place] ?? "");
  }

  /** @returns {string | null} what was sent before the one that is shown; null where there is none */
  older() {
    if (this.#place === 0) return null;
    this.#place -= 1;
    return this.#texts[this.#place];
  }

  /** @returns {string | null} what was sent after the one that is shown; empty after the last; null if none is shown */
  newer() {
    if (this.#place >= this.#texts.length) return null;
    this.#place += 1;
    return this.#texts[this.#place] ?? "";
  }

  /** Somebody writes something new. */
  leave() {
    this.#place = this.#texts.length;
  }

  forget() {
    this.#texts = [];
    this.#place = 0;
    this.#keep.remove(NAME);
  }
}
