// What stands above the composer: the list of what a text may go on with, and the question before many lines are pasted.
// Knows nothing about what is found, or where it goes; it says which suggestion was taken, and which answer was given.

import { count } from "../language.js";
import { find, make, speak } from "./dom.js";

/** @import {Completion, Suggestion} from "../completion.js" */
/** @import {Words} from "../language.js" */

/** As many lines are pasted unasked. */
const FEW_LINES = 3;

export class Suggestions {
  /** @type {Completion | null} */
  #completion = null;
  /** Which one is chosen; -1 for none. */
  #chosen = -1;
  #list = find("suggestions", HTMLElement);
  #words;
  #field;
  #taken;

  /** @param {Words} words @param {HTMLElement} field what is written in @param {(completion: Completion, suggestion: Suggestion) => void} taken */
  constructor(words, field, taken) {
    this.#words = words;
    this.#field = field;
    this.#taken = taken;
    this.#list.addEventListener("mousedown", (event) => event.preventDefault()); // the focus stays where one writes
    this.#list.addEventListener("click", (event) => {
      const option = event.target instanceof Element ? event.target.closest("li") : null;
      if (option) this.#take(Number(option.dataset.index));
    });
  }

  /** @param {Completion | null} completion @param {number} [chosen] */
  show(completion, chosen = -1) {
    this.#completion = completion;
    this.#chosen = chosen;
    this.#draw();
    const { length } = completion?.suggestions ?? [];
    speak(length === 0 ? "" : count(this.#words, this.#words.suggestions, length));
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether the key was meant for the list */
  key(event) {
    const { length } = this.#completion?.suggestions ?? [];
    if (length === 0 || event.shiftKey || event.ctrlKey || event.altKey || event.metaKey) return false;
    switch (event.key) {
      case "ArrowDown":
        this.#choose((this.#chosen + 1) % length);
        return true;
      case "ArrowUp":
        this.#choose((Math.max(this.#chosen, 0) + length - 1) % length);
        return true;
      case "Tab":
        this.#take(Math.max(this.#chosen, 0));
        return true;
      case "Enter":
        if (this.#chosen < 0) return false;
        this.#take(this.#chosen);
        return true;
      case "Escape":
        this.show(null);
        return true;
      default:
        return false;
    }
  }

  /** @param {number} index */
  #choose(index) {
    this.#chosen = index;
    this.#draw();
  }

  /** @param {number} index */
  #take(index) {
    const completion = this.#completion;
    const suggestion = completion?.suggestions[index];
    this.show(null);
    if (completion && suggestion) this.#taken(completion, suggestion);
  }

  #draw() {
    const all = this.#completion?.suggestions ?? [];
    this.#list.replaceChildren(...all.map((suggestion, index) => this.#option(suggestion, index)));
    this.#list.hidden = all.length === 0;
    this.#list.children[this.#chosen]?.scrollIntoView({ block: "nearest" });
    if (this.#chosen < 0) this.#field.removeAttribute("aria-activedescendant");
    else this.#field.setAttribute("aria-activedescendant", `suggestion-${this.#chosen}`);
  }

  /** @param {Suggestion} suggestion @param {number} index */
  #option({ label, hint, operator }, index) {
    const option = make("li", "", make("bdi", "label", label), " ", make("span", "help", hint));
    if (operator) option.append(" ", make("span", "operator", this.#words.for_operators));
    option.id = `suggestion-${index}`;
    option.dataset.index = String(index);
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", String(index === this.#chosen));
    return option;
  }
}

/** Asks before many lines are pasted, and how. */
export class Paste {
  #text = "";
  #question = find("paste", HTMLElement);
  #ask = find("paste-question", HTMLElement);
  #words;
  #insert;
  #back;

  /** @param {Words} words @param {HTMLElement} field @param {(text: string, code: boolean) => void} insert @param {() => void} back takes the focus */
  constructor(words, field, insert, back) {
    this.#words = words;
    this.#insert = insert;
    this.#back = back;
    field.addEventListener("paste", (event) => this.#pasted(event));
    find("paste-plain", HTMLElement).addEventListener("click", () => this.#answer(false));
    find("paste-code", HTMLElement).addEventListener("click", () => this.#answer(true));
    find("paste-cancel", HTMLElement).addEventListener("click", () => this.#cancel());
    for (const place of [this.#question, field]) {
      place.addEventListener("keydown", (event) => {
        if (event.key !== "Escape" || event.defaultPrevented || this.#question.hidden) return;
        event.preventDefault();
        this.#cancel();
      });
    }
  }

  /** @param {ClipboardEvent} event */
  #pasted(event) {
    const text = (event.clipboardData?.getData("text/plain") ?? "").replace(/\r\n?/g, "\n").replace(/(?<!\n)\n+$/, "");
    const lines = text.split("\n").length;
    if (lines <= FEW_LINES) return;
    event.preventDefault();
    this.#text = text;
    this.#ask.textContent = count(this.#words, this.#words.paste_question, lines);
    find("paste-code", HTMLElement).hidden = text.includes("```");
    this.#question.hidden = false;
    find("paste-plain", HTMLElement).focus();
  }

  /** @param {boolean} code */
  #answer(code) {
    const text = this.#text;
    this.#cancel();
    this.#insert(text, code);
  }

  #cancel() {
    this.close();
    this.#back();
  }

  close() {
    this.#question.hidden = true;
    this.#text = "";
  }
}
