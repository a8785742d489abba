// What was shown before a reload, in the place of the log while there is no connection.
// Knows nothing about where it is kept. When the room can be had again it goes, and the log takes its place as a whole.

import { find } from "./dom.js";
import { LineMaker } from "./line.js";

/** @import {RoomEvent} from "../protocol.js" */
/** @import {Words} from "../language.js" */
/** @import {Line} from "./line.js" */

export class Before {
  #place = find("before", HTMLElement);
  #words;

  /** @param {Words} words */
  constructor(words) {
    this.#words = words;
  }

  /** @param {readonly RoomEvent[]} events oldest first; none takes it away @returns {boolean} whether it has come just now */
  show(events) {
    const there = !this.#place.hidden;
    this.#place.hidden = events.length === 0;
    if (events.length === 0) this.#place.replaceChildren();
    if (there || events.length === 0) return false;
    const maker = new LineMaker(this.#words);
    /** @type {Line | null} */
    let above = null;
    for (const line of [...events.map((event) => maker.event(event)), maker.remark("notice", this.#words.before)]) {
      this.#place.append(line.node);
      maker.seam(above, line);
      above = line;
    }
    return true;
  }
}
