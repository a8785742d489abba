// The menu of somebody whose nick was pressed: mention, ignore, or change one's own nick.
// Knows nothing about how that is done. In the conversation it is for the pointer only, since ten thousand stops would help
// nobody at the keyboard: the list of people has the same menu.

import { find, make } from "./dom.js";

/** @import {Words} from "../language.js" */

const EDGE_PX = 8;

/**
 * @typedef {object} NickActions
 * @property {(nick: string) => "own" | "ignored" | "other"} whose
 * @property {(nick: string) => void} mention
 * @property {(nick: string, ignore: boolean) => void} ignore
 * @property {() => void} rename
 */

export class NickMenu {
  #menu = find("nick-menu", HTMLElement);
  /** What was pressed. @type {Element | null} */
  #opener = null;
  /** Where the focus goes back to. @type {Element | null} */
  #from = null;
  #words;
  #actions;

  /** @param {Words} words @param {NickActions} actions */
  constructor(words, actions) {
    this.#words = words;
    this.#actions = actions;
    find("log", HTMLElement).addEventListener("click", (event) => {
      const nick = event.target instanceof Element ? event.target.closest(".nick") : null;
      if (nick && !nick.closest("summary") && getSelection()?.isCollapsed !== false) this.#open(nick.textContent ?? "", nick);
    });
    find("people", HTMLElement).addEventListener("click", (event) => {
      const button = event.target instanceof Element ? event.target.closest("button") : null;
      if (button) this.#open(button.querySelector(".nick")?.textContent ?? "", button);
    });
    this.#menu.addEventListener("mousedown", (event) => event.preventDefault()); // Safari takes the focus off what is pressed
    this.#menu.addEventListener("keydown", (event) => this.#key(event));
    this.#menu.addEventListener("focusout", (event) => {
      if (!this.#menu.contains(/** @type {Node | null} */ (event.relatedTarget))) this.#close();
    });
    const follow = () => {
      if (this.#opener) this.#place(this.#opener.getBoundingClientRect());
    };
    addEventListener("resize", follow);
    addEventListener("scroll", follow, true);
  }

  /** @param {string} nick @param {Element} opener */
  #open(nick, opener) {
    this.#close();
    this.#from = document.activeElement;
    this.#opener = opener;
    this.#menu.setAttribute("aria-label", nick);
    this.#menu.replaceChildren(...this.#items(nick));
    this.#menu.hidden = false;
    if (opener.hasAttribute("aria-haspopup")) opener.setAttribute("aria-expanded", "true");
    this.#place(opener.getBoundingClientRect());
    this.#item(0)?.focus();
  }

  /** @param {string} nick */
  #items(nick) {
    const whose = this.#actions.whose(nick);
    if (whose === "own") return [this.#make(this.#words.rename, () => this.#actions.rename())];
    const ignored = whose === "ignored";
    return [
      this.#make(this.#words.mention, () => this.#actions.mention(nick)),
      this.#make(ignored ? this.#words.unignore : this.#words.ignore, () => this.#actions.ignore(nick, !ignored)),
    ];
  }

  /** @param {string} label @param {() => void} action */
  #make(label, action) {
    const item = make("button", "quiet", label);
    item.type = "button";
    item.role = "menuitem";
    item.tabIndex = -1;
    item.addEventListener("click", () => {
      this.#leave();
      action();
    });
    return item;
  }

  /** Below what was pressed, or above it where there is no room. @param {DOMRect} at */
  #place({ left, right, top, bottom }) {
    const { offsetWidth, offsetHeight } = this.#menu;
    const start = getComputedStyle(this.#menu).direction === "rtl" ? right - offsetWidth : left;
    this.#menu.style.left = `${Math.max(EDGE_PX, Math.min(start, innerWidth - offsetWidth - EDGE_PX))}px`;
    this.#menu.style.top = `${bottom + offsetHeight + EDGE_PX < innerHeight ? bottom : Math.max(EDGE_PX, top - offsetHeight)}px`;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const last = this.#menu.childElementCount - 1;
    const place = [...this.#menu.children].indexOf(/** @type {Element} */ (event.target));
    switch (event.key) {
      case "ArrowDown":
        this.#item(place === last ? 0 : place + 1)?.focus();
        break;
      case "ArrowUp":
        this.#item(place <= 0 ? last : place - 1)?.focus();
        break;
      case "Home":
        this.#item(0)?.focus();
        break;
      case "End":
        this.#item(last)?.focus();
        break;
      case "Escape":
      case "Tab":
        this.#leave();
        if (event.key === "Tab") return; // on to what comes next
        break;
      default:
        return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {number} index */
  #item(index) {
    return /** @type {HTMLElement | undefined} */ (this.#menu.children[index]);
  }

  /** Closes it and puts the focus back. */
  #leave() {
    const back = this.#from instanceof HTMLElement && this.#from.isConnected ? this.#from : null;
    this.#close();
    back?.focus({ preventScroll: true });
  }

  #close() {
    if (this.#menu.hidden) return;
    this.#menu.hidden = true;
    if (this.#opener?.hasAttribute("aria-haspopup")) this.#opener.setAttribute("aria-expanded", "false");
    this.#opener = null;
    this.#from = null;
  }
}
