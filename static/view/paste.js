// Asks before many lines are pasted, and how.
// Knows nothing about where they go.

import { count } from "../language.js";
import { find } from "./dom.js";

/** @import {Words} from "../language.js" */

/** As many go in unasked. */
const FEW_LINES = 3;

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
    const text = (event.clipboardData?.getData("text/plain") ?? "").replace(/\r\n?/g, "\n").replace(/\n+$/, "");
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
