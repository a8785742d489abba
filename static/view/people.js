// The list of who is here, and on narrow screens the button that opens it.
// Knows nothing about how people come and go: it is shown a set of nicks, and changes what differs.

import { count } from "../language.js";
import { find, make } from "./dom.js";
import { makeNick } from "./line.js";

/** @import {Words} from "../language.js" */

/** @typedef {{item: HTMLElement, note: HTMLElement}} Person `note` says that it is oneself, or is ignored */

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
    this.#toggle.addEventListener("click", () => this.#open(!this.#panel.classList.contains("open")));
    this.#panel.addEventListener("keydown", (event) => this.#key(event));
    this.#toggle.addEventListener("keydown", (event) => this.#key(event));
    for (const kind of ["pointerdown", "focusin"]) document.addEventListener(kind, ({ target }) => this.#elsewhere(target));
  }

  /** @param {ReadonlySet<string>} people @param {string} self @param {ReadonlySet<string>} ignored */
  show(people, self, ignored) {
    for (const [nick, { item }] of this.#persons) {
      if (people.has(nick)) continue;
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
    this.#count.textContent = String(people.size);
    this.#toggle.textContent = count(this.#words, this.#words.people_count, people.size);
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
    button.ariaHasPopup = "menu";
    button.ariaExpanded = "false";
    const person = { item: make("li", "", button), note };
    this.#persons.set(nick, person);
    return person;
  }

  /** @param {boolean} open */
  #open(open) {
    this.#panel.classList.toggle("open", open);
    this.#toggle.setAttribute("aria-expanded", String(open));
  }

  /** A menu that the list has opened belongs to it. @param {EventTarget | null} target what is used now */
  #elsewhere(target) {
    if (!(target instanceof Element) || target.closest("#people-panel, #people-toggle, .menu")) return;
    this.#open(false);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key !== "Escape" || !this.#panel.classList.contains("open")) return;
    this.#toggle.focus();
    this.#open(false);
  }
}
