// The two ends of the conversation: what was said earlier, or what stands there where nothing is; and what is new below the
// place that is being read, and the button that goes there.
// Knows nothing about scrolling, or how earlier messages are had.

import { caughtUp } from "../state.js";
import { count } from "../language.js";
import { find, make } from "./dom.js";

/** @import {State} from "../state.js" */
/** @import {Words} from "../language.js" */
/** @import {Line} from "./line.js" */

export class Earlier {
  /** Whether there is more. */
  any = false;
  /** Whether an answer is on its way. */
  asking = false;
  /** Whether there is more that may be asked for without being told to. */
  unprompted = false;
  #top = "";
  #button = find("earlier", HTMLButtonElement);
  #beginning = find("beginning", HTMLElement);
  #words;
  #leave;

  /** @param {Words} words @param {() => void} ask @param {() => void} leave takes the focus where the button goes */
  constructor(words, ask, leave) {
    this.#words = words;
    this.#leave = leave;
    this.#button.addEventListener("click", ask);
  }

  /** @param {State} state */
  take(state) {
    const { earlier, asking, refused, oldest } = state;
    const known = !earlier && oldest !== null && caughtUp(state);
    this.any = earlier;
    this.asking = asking;
    this.unprompted = earlier && !asking && !refused;
    this.#top = known ? this.#words[oldest === 1 ? "beginning" : "not_kept"] : "";
  }

  draw() {
    if (!this.any && document.activeElement === this.#button) this.#leave();
    this.#button.hidden = !this.any;
    this.#beginning.hidden = this.#top === "";
    if (this.#beginning.textContent !== this.#top) this.#beginning.firstElementChild?.replaceChildren(this.#top);
    this.#button.setAttribute("aria-disabled", String(this.asking));
    const label = this.asking ? this.#words.earlier_asked : this.#words.earlier;
    if (this.#button.textContent !== label) this.#button.textContent = label;
  }
}

export class Unseen {
  /** @type {Line[]} */
  #lines = [];
  #shown = "";
  #jump = find("jump", HTMLButtonElement);
  #words;

  /** @param {Words} words @param {() => void} jump */
  constructor(words, jump) {
    this.#words = words;
    this.#jump.addEventListener("click", jump);
  }

  /** Everything has been seen. @param {boolean} atBottom whether there is nothing below to go to */
  clear(atBottom) {
    this.#lines = [];
    this.show(atBottom);
  }

  /** @param {readonly Line[]} lines */
  add(lines) {
    for (const line of lines) if (line.speaker !== null) this.#lines.push(line);
  }

  /** Lines have gone from the log. */
  tidy() {
    this.#lines = this.#lines.filter(({ node }) => node.isConnected);
  }

  /** Only messages that can be read are news. @param {boolean} atBottom */
  show(atBottom) {
    this.#jump.hidden = atBottom;
    const news = this.#lines.filter(({ node, removed }) => !removed && !node.hidden).length;
    const label = news === 0 ? this.#words.to_newest : count(this.#words, this.#words.new_messages, news);
    if (this.#shown === label) return;
    this.#shown = label;
    this.#jump.replaceChildren(make("span", "arrow", "↓"), ` ${label}`);
  }
}
