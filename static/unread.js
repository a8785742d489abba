// What was said while nobody looked at the page.
// Knows nothing about how that is shown, or who is looking: it is told what came, and when somebody has looked.

import { hides } from "./ignored.js";
import { isRemoved } from "./protocol.js";
import { mentions } from "./pieces.js";

/** @import {Said} from "./protocol.js" */
/** @import {Ignored} from "./ignored.js" */
/** @import {Change, State} from "./state.js" */

/** More are not counted one by one. */
export const MOST = 1000;

export class Unread {
  /** Messages by seq, and whether they mention the person. @type {Map<number, {nick: string, mention: boolean}>} */
  #messages = new Map();
  /** The first replay shows what there was; from then on, what comes is new, after a broken connection too. */
  #started = false;

  /** @param {readonly Change[]} changes @param {State} state @param {boolean} away @returns {Said[]} those that mention the person */
  take(changes, state, away) {
    /** @type {Said[]} */
    const mentioning = [];
    for (const change of changes) {
      if (change.kind === "caught-up") this.#started = true;
      if (change.kind === "restarted") {
        this.#started = false;
        this.clear();
      }
      if (change.kind !== "append") continue;
      const { event } = change;
      if (event.type === "cleared") for (const seq of event.seqs) this.#messages.delete(seq);
      if (event.type !== "said" || isRemoved(event) || !this.#started || !away) continue;
      if (event.nick === state.nick || hides(state.ignored, event.nick, event.seq)) continue;
      const mention = mentions(event.text, state.nick);
      this.#messages.set(event.seq, { nick: event.nick, mention });
      if (this.#messages.size > MOST) this.#messages.delete(this.#messages.keys().next().value ?? 0);
      if (mention) mentioning.push(event);
    }
    return mentioning.filter(({ seq }) => this.#messages.has(seq));
  }

  clear() {
    this.#messages.clear();
  }

  /** @param {Ignored} ignored one may have come to be ignored since @returns {{messages: number, mentioned: boolean}} */
  count(ignored) {
    const shown = [...this.#messages].filter(([seq, { nick }]) => !hides(ignored, nick, seq));
    return { messages: shown.length, mentioned: shown.some(([, { mention }]) => mention) };
  }
}
