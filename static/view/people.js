// Who is here: the list, on narrow screens the button that opens it, and the menu of somebody whose nick was pressed.
// Knows nothing about how people come and go, or how one mentions and ignores them.

import { count } from "../language.js";
import { find, make, rest } from "./dom.js";
import { makeNick } from "./line.js";

/** @import {Words} from "../language.js" */

const EDGE_PX = 8;

/** @typedef {{item: HTMLElement, note: HTMLElement}} Person `note` says that it is oneself, or is ignored */

/** The list is shown a set of nicks, and changes what differs. */
export class People {
  /** @type {Map<string, Person>} */
  #persons = new Map();
  #panel = find("people-panel", HTMLElement);
  #list = find("people", HTMLElement);
  #count = find("people-count", HTMLElement);
  #toggle = find("people-toggle", HTMLButtonElement);
  #words;
  #order;

  /** @param {Words} words */
  constructor(words) {
    this.#words = words;
    this.#order = new Intl.Collator(words.code, { sensitivity: "base", numeric: true });
    this.#toggle.addEventListener("click", () => {
      const opens = !this.#panel.classList.contains("open");
      this.#open(opens);
      if (opens) this.#list.querySelector("button")?.focus();
    });
    this.#panel.addEventListener("keydown", (event) => this.#key(event));
    this.#toggle.addEventListener("keydown", (event) => this.#key(event));
    for (const kind of ["pointerdown", "focusin"]) document.addEventListener(kind, ({ target }) => this.#elsewhere(target));
  }

  /** @param {ReadonlySet<string>} people @param {string} self @param {ReadonlySet<string>} ignored */
  show(people, self, ignored) {
    const focused = document.activeElement;
    for (const [nick, { item }] of this.#persons) {
      if (people.has(nick)) continue;
      const neighbour = item.nextElementSibling ?? item.previousElementSibling;
      if (item.contains(document.activeElement)) neighbour?.querySelector("button")?.focus({ preventScroll: true });
      item.remove();
      this.#persons.delete(nick);
    }
    const order = [...people].sort(this.#order.compare);
    let next = this.#list.firstElementChild;
    for (const nick of order) {
      const person = this.#persons.get(nick) ?? this.#make(nick);
      const { item, note } = person;
      const text = nick === self ? `(${this.#words.you})` : ignored.has(nick) ? `(${this.#words.ignored})` : "";
      if (note.textContent !== text) note.textContent = text;
      item.classList.toggle("own", nick === self);
      if (item === next) next = next.nextElementSibling;
      else this.#list.insertBefore(item, next);
    }
    if (focused instanceof HTMLElement && focused.isConnected) focused.focus({ preventScroll: true }); // moving takes it away
    this.#count.textContent = String(people.size);
    this.#toggle.textContent = count(this.#words, this.#words.people_count, people.size);
  }

  /** Somebody is somebody still, under another nick. @param {string} nick @param {string} next */
  rename(nick, next) {
    const person = this.#persons.get(nick);
    if (!person || this.#persons.has(next)) return;
    this.#persons.delete(nick);
    this.#persons.set(next, person);
    person.item.querySelector(".nick")?.replaceWith(makeNick(next));
  }

  /** Whether the list may be out of date. @param {boolean} stale */
  stale(stale) {
    this.#panel.classList.toggle("stale", stale);
  }

  /** @param {string} nick @returns {Person} */
  #make(nick) {
    const note = make("span", "you");
    const button = make("button", "quiet", makeNick(nick), " ", note);
    button.type = "button";
    button.setAttribute("aria-haspopup", "menu");
    button.setAttribute("aria-expanded", "false");
    const person = { item: make("li", "", button), note };
    this.#persons.set(nick, person);
    return person;
  }

  /** @param {boolean} open */
  #open(open) {
    this.#panel.classList.toggle("open", open);
    this.#toggle.setAttribute("aria-expanded", String(open));
  }

  /** A menu or a dialog that the list has opened belongs to it. @param {EventTarget | null} target what is used now */
  #elsewhere(target) {
    if (!(target instanceof Element) || target.closest("#people-panel, #people-toggle, .menu, dialog")) return;
    this.#open(false);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key !== "Escape" || !this.#panel.classList.contains("open")) return;
    this.#toggle.focus();
    this.#open(false);
  }
}

/**
 * @typedef {object} NickActions
 * @property {(nick: string) => "own" | "ignored" | "other"} whose
 * @property {(nick: string) => void} mention
 * @property {(nick: string, ignore: boolean) => void} ignore
 * @property {() => void} rename
 */

/**
 * Mention, ignore, or change one's own nick. In the conversation it is for the pointer only, since ten thousand stops would
 * help nobody at the keyboard: the list of people has the same menu.
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

  /** Whom it is for is called something else now. @param {string} nick */
  renamed(nick) {
    if (!this.#menu.hidden && this.#menu.getAttribute("aria-label") === nick) this.#leave();
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
    item.setAttribute("role", "menuitem");
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
    const below = bottom + offsetHeight + EDGE_PX < innerHeight;
    this.#menu.style.top = `${Math.max(EDGE_PX, below ? bottom : Math.min(top, innerHeight) - offsetHeight)}px`;
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
    if (back) back.focus({ preventScroll: true });
    else rest();
  }

  #close() {
    if (this.#menu.hidden) return;
    this.#menu.hidden = true;
    if (this.#opener?.hasAttribute("aria-haspopup")) this.#opener.setAttribute("aria-expanded", "false");
    this.#opener = null;
    this.#from = null;
  }
}
