// What is new below the place that is being read, and the button that goes there.
// Knows nothing about scrolling; it is told what came, and whether the newest is in sight.

import { count } from "../language.js";
import { find, make } from "./dom.js";

/** @import {Words} from "../language.js" */
/** @import {Line} from "./line.js" */

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
