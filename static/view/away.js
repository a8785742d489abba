// Tells a person who is elsewhere what they miss: in the title, the icon, a badge, a notification, a sound.
// Knows nothing about the log; it is told what changes.

import { MOST, Unread } from "../unread.js";
import { nobody } from "../ignored.js";
import { chime, notify, standing } from "./signal.js";

/** @import {Settings} from "../memory.js" */
/** @import {Change, State} from "../state.js" */

export class Away {
  #unread = new Unread();
  #ignored = nobody;
  #title = document.title;
  #icon = /** @type {HTMLLinkElement | null} */ (document.querySelector('link[rel="icon"]'));
  #settings;

  /** @param {Settings} settings */
  constructor(settings) {
    this.#settings = settings;
  }

  /** @param {readonly Change[]} changes @param {State} state */
  take(changes, state) {
    const mentioning = this.#unread.take(changes, state, !isLooking());
    this.#ignored = state.ignored;
    this.#show();
    const last = mentioning.at(-1);
    if (last === undefined) return;
    if (this.#settings.notify && standing() === "granted") void notify(last.nick, last.text);
    if (this.#settings.sound) chime();
  }

  /** @param {boolean} here whether somebody looks at the page */
  look(here) {
    if (!here) return;
    this.#unread.clear();
    this.#show();
  }

  #show() {
    const { messages, mentioned } = this.#unread.count(this.#ignored);
    const number = messages < MOST ? messages : `${MOST - 1}+`;
    const title = messages === 0 ? this.#title : `(${mentioned ? "!" : ""}${number}) ${this.#title}`;
    if (document.title === title) return;
    document.title = title;
    this.#icon?.setAttribute("href", messages === 0 ? "favicon.svg" : "favicon-unread.svg");
    const badge = messages === 0 ? navigator.clearAppBadge?.() : navigator.setAppBadge?.(messages);
    badge?.catch(() => undefined);
  }
}

export function isLooking() {
  return !document.hidden && document.hasFocus();
}

/** @param {(here: boolean) => void} changed told now, and whenever it may have changed */
export function watchPresence(changed) {
  const tell = () => changed(isLooking());
  addEventListener("focus", tell);
  addEventListener("blur", tell);
  document.addEventListener("visibilitychange", tell);
  tell();
}
