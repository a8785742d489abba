// What a screen reader announces by itself: what comes, and not what was there before.
// Knows nothing about what the lines say.

import { count } from "../language.js";
import { speak } from "./dom.js";

/** @import {Words} from "../language.js" */
/** @import {Line} from "./line.js" */

const SETTLED_AFTER_MS = 500;

export class Announcing {
  #wanted = false;
  /** Whether it has been under way before, so that what a broken connection held back is news. */
  #begun = false;
  #missed = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #log;
  #words;

  /** @param {HTMLElement} log @param {Words} words */
  constructor(log, words) {
    this.#log = log;
    this.#words = words;
  }

  /** Another conversation: what it begins with is no news. */
  restart() {
    this.#begun = false;
    this.#missed = 0;
    this.stop();
  }

  /** Lines have come at the end. @param {readonly Line[]} lines @param {string} self one's own nick */
  add(lines, self) {
    if (!this.#begun || this.#log.getAttribute("aria-live") === "polite") return;
    this.#missed += lines.filter(({ speaker, node, removed }) => speaker !== null && speaker !== self && !removed && !node.hidden).length;
  }

  stop() {
    this.#wanted = false;
    clearTimeout(this.#timer);
    this.#log.setAttribute("aria-live", "off");
  }

  /** Readers announce what comes from now on; they must have seen the rest go in before. */
  start() {
    this.#wanted = this.#begun = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#log.setAttribute("aria-live", "polite");
      if (this.#missed > 0) speak(count(this.#words, this.#words.new_messages, this.#missed));
      this.#missed = 0;
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
