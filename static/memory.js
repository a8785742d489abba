// What is kept for later: for a reload, to come back as the same participant and to have something to show until then; for
// the next visit, how far the conversation was seen.
// Knows nothing about the page, or who reads it again. What is kept for a reload lives in the tab, and ends with the session.

import { decode, isEvent } from "./protocol.js";
import { caughtUp, readRemembered } from "./state.js";
import { hides } from "./ignored.js";

/** @import {RoomEvent} from "./protocol.js" */
/** @import {Ignored} from "./ignored.js" */
/** @import {Change, Remembered, State} from "./state.js" */

/** @typedef {{get(name: string): unknown, set(name: string, value: unknown): void, remove(name: string): void}} Keeping */

export const MOST_EVENTS = 100;
export const MOST_CHARACTERS = 100_000;
const SAVE_EVERY_MS = 1000;

export class Memory {
  #keep;
  #recent;
  #saving = false;

  /** @param {Keeping} keep */
  constructor(keep) {
    this.#keep = keep;
    this.#recent = new Recent(keep);
  }

  /** Whom the tab was in the room as. */
  get session() {
    return readRemembered(this.#keep.get("session"));
  }

  /** The last that was shown. */
  get events() {
    return this.#recent.kept;
  }

  /** @param {readonly Change[]} changes */
  take(changes) {
    this.#recent.take(changes);
  }

  /** @param {() => void} save called in a while, once for many */
  soon(save) {
    if (this.#saving) return;
    this.#saving = true;
    setTimeout(() => {
      this.#saving = false;
      save();
    }, SAVE_EVERY_MS);
  }

  /** Before the welcome, what is kept is better than what is known. @param {State} state */
  save(state) {
    const { nick, session, epoch, newest, live } = state;
    if (session === null || epoch === null || live === null) return;
    /** @type {Remembered} */
    const remembered = { nick, session, epoch, after: newest ?? live };
    this.#keep.set("session", remembered);
    if (caughtUp(state)) this.#recent.save(state.ignored);
  }

  forget() {
    this.#keep.remove("session");
    this.#recent.forget();
  }
}

/** The last events that were shown; none of those who are ignored, nor what an operator has removed. */
export class Recent {
  /** Oldest first. @type {RoomEvent[]} */
  #events = [];
  #changed = false;
  #keep;

  /** @param {Keeping} keep */
  constructor(keep) {
    this.#keep = keep;
  }

  /** What was kept before this page was loaded. @returns {RoomEvent[]} */
  get kept() {
    const text = this.#keep.get("recent");
    return typeof text === "string" ? decode(text).filter(isEvent) : [];
  }

  /** @param {readonly Change[]} changes */
  take(changes) {
    for (const change of changes) {
      if (change.kind === "restarted") this.#events = [];
      if (change.kind === "append") this.#append(change.event);
      if (change.kind !== "earlier") this.#changed = true;
    }
  }

  /** @param {Ignored} ignored */
  save(ignored) {
    if (!this.#changed) return;
    this.#changed = false;
    const lines = [];
    let characters = 0;
    for (const event of [...this.#events].reverse()) {
      if (event.type === "said" && hides(ignored, event.nick, event.seq)) continue;
      const line = JSON.stringify(event);
      characters += line.length;
      if (characters > MOST_CHARACTERS) break;
      lines.push(line);
    }
    this.#keep.set("recent", lines.reverse().join("\n"));
  }

  /** The person has left: who sits down here next shall not read it. */
  forget() {
    this.#events = [];
    this.#keep.remove("recent");
  }

  /** @param {RoomEvent} event */
  #append(event) {
    if (event.type === "cleared") {
      const removed = new Set(event.seqs);
      this.#events = this.#events.map((each) => (each.type === "said" && removed.has(each.seq) ? { ...each, text: "" } : each));
    }
    this.#events.push(event);
    if (this.#events.length > MOST_EVENTS) this.#events.shift();
  }
}

/** How far a person has seen a conversation; another epoch is another one. */
export class Seen {
  #keep;

  /** @param {Keeping} keep */
  constructor(keep) {
    this.#keep = keep;
  }

  /** @param {string} epoch @returns {number | null} seq of the newest that was seen of it */
  of(epoch) {
    const kept = /** @type {{epoch?: unknown, seq?: unknown} | null} */ (this.#keep.get("seen"));
    return kept?.epoch === epoch && Number.isSafeInteger(kept.seq) ? Number(kept.seq) : null;
  }

  /** @param {string} epoch @param {number} seq */
  mark(epoch, seq) {
    if (seq > (this.of(epoch) ?? 0)) this.#keep.set("seen", { epoch, seq });
  }
}
