// The list of who is here, and on narrow screens the button that opens it.
// Knows nothing about how people come and go: it is shown a set of nicks, and changes what differs.

import { count } from "../language.js";
import { find, make } from "./dom.js";
import { makeNick } from "./line.js";

/** @import {Words} from "../language.js" */

export class People {
  /** @type {Map<string, HTMLElement>} */
  #items = new Map();
  #self = "";
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
    this.#toggle.addEventListener("click", () => this.#open(!this.#panel.classList.contains("open")));
    this.#panel.addEventListener("keydown", (event) => this.#key(event));
    this.#toggle.addEventListener("keydown", (event) => this.#key(event));
  }

  /** @param {ReadonlySet<string>} people @param {string} self */
  show(people, self) {
    for (const [nick, item] of this.#items) {
      if (people.has(nick) && (nick === self) === (nick === this.#self)) continue;
      item.remove();
      this.#items.delete(nick);
    }
    this.#self = self;
    const order = [...people].sort(this.#order.compare);
    let next = this.#list.firstElementChild;
    for (const nick of order) {
      let item = this.#items.get(nick);
      if (item !== undefined && item === next) {
        next = next.nextElementSibling;
        continue;
      }
      item ??= this.#make(nick, nick === self);
      this.#items.set(nick, item);
      this.#list.insertBefore(item, next);
    }
    this.#count.textContent = String(people.size);
    this.#toggle.textContent = count(this.#words, this.#words.people_count, people.size);
  }

  /** Whether the list may be out of date. @param {boolean} stale */
  stale(stale) {
    this.#panel.classList.toggle("stale", stale);
  }

  /** @param {string} nick @param {boolean} self */
  #make(nick, self) {
    return self
      ? make("li", "own", makeNick(nick), " ", make("span", "you", `(${this.#words.you})`))
      : make("li", "", makeNick(nick));
  }

  /** @param {boolean} open */
  #open(open) {
    this.#panel.classList.toggle("open", open);
    this.#toggle.setAttribute("aria-expanded", String(open));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key === "Escape") this.#open(false);
  }
}
