// What is kept for later: for a reload, to come back as the same participant, to have something to show until then, and to
// have again what was sent; for the next visit, how far the conversation was seen, and what a person has chosen.
// Knows nothing about the page, or who reads it again. What is kept for a reload lives in the tab, and ends with the session.

import { decode, isEvent, isSecret } from "./protocol.js";
import { caughtUp, readRemembered } from "./state.js";
import { hides } from "./ignored.js";

/** @import {RoomEvent} from "./protocol.js" */
/** @import {Ignored} from "./ignored.js" */
/** @import {Change, Remembered, State} from "./state.js" */

/** @typedef {{get(name: string): unknown, set(name: string, value: unknown): void, remove(name: string): void}} Keeping */

export const MOST_EVENTS = 100;
export const MOST_CHARACTERS = 100_000;
export const MOST_TEXTS = 50;
export const MOST_SENT_CHARACTERS = 20_000;
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

/** What one has sent from this tab, to be had again by going back; nothing that is secret. */
export class Sent {
  /** Oldest first. @type {string[]} */
  #texts;
  /** Which one is shown; the length where none is. */
  #place;
  #keep;

  /** @param {Keeping} keep */
  constructor(keep) {
    this.#keep = keep;
    const kept = keep.get("sent");
    this.#texts = Array.isArray(kept) ? kept.filter((text) => typeof text === "string") : [];
    this.#place = this.#texts.length;
  }

  /** @param {string} text */
  add(text) {
    if (!isSecret(text) && text !== this.#texts.at(-1)) this.#texts.push(text);
    while (this.#texts.length > MOST_TEXTS || this.#texts.join("").length > MOST_SENT_CHARACTERS) this.#texts.shift();
    this.#keep.set("sent", this.#texts);
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
    this.#keep.remove("sent");
  }
}

/** @typedef {"system" | "light" | "dark" | "contrast"} Theme */
/** @typedef {{theme: Theme, notify: boolean, sound: boolean, singleKeys: boolean}} Choices */

/** @type {readonly Theme[]} */
export const THEMES = ["system", "light", "dark", "contrast"];

/** What a person has chosen for this browser: the theme, what is to happen when somebody mentions them, and shortcuts. */
export class Settings {
  #keep;

  /** @param {Pick<Keeping, "get" | "set">} keep */
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
