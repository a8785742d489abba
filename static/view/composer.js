// Where a message is written: grows with its text, counts near the limit, keeps the draft.
// Knows nothing about what becomes of a message once it is handed over.

import { countCharacters } from "../protocol.js";
import { count } from "../language.js";
import { find } from "./dom.js";

/** @import {Words} from "../language.js" */

const NEAR_LIMIT = 200;

/** @typedef {{queue(text: string): void, keepDraft(text: string): void, limit(): number}} ComposerActions */

export class Composer {
  #form = find("composer", HTMLFormElement);
  #message = find("message", HTMLTextAreaElement);
  #left = find("message-left", HTMLElement);
  #error = find("message-error", HTMLElement);
  #words;
  #actions;

  /** @param {Words} words @param {ComposerActions} actions @param {string} draft */
  constructor(words, actions, draft) {
    this.#words = words;
    this.#actions = actions;
    this.#message.value = draft;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#message.addEventListener("keydown", (event) => this.#key(event));
    this.#message.addEventListener("input", () => this.#edited());
    this.#edited();
  }

  focus() {
    this.#message.focus({ preventScroll: true });
  }

  /** Puts text back to be edited, before what is there. @param {string} text */
  put(text) {
    const draft = this.#message.value;
    this.#message.value = draft === "" ? text : `${text}\n${draft}`;
    this.#edited();
    this.focus();
    this.#message.setSelectionRange(text.length, text.length);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    // Enter also ends the choice of a character in an input method; Safari tells by the key code only.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    this.#submit();
  }

  #submit() {
    const text = this.#message.value.trimEnd();
    if (text.trim() === "") return;
    const over = countCharacters(text) - this.#actions.limit();
    if (over > 0) {
      this.#error.textContent = count(this.#words, this.#words.too_long, over);
      return;
    }
    this.#actions.queue(text);
    this.#message.value = "";
    this.#edited();
  }

  #edited() {
    const text = this.#message.value;
    this.#actions.keepDraft(text);
    this.#error.textContent = "";
    const left = this.#actions.limit() - countCharacters(text);
    this.#left.textContent = left > NEAR_LIMIT ? "" : count(this.#words, this.#words.characters_left, left);
    this.#left.classList.toggle("over", left < 0);
    const frame = this.#message.parentElement;
    if (frame) frame.dataset.replica = `${text} `;
  }
}
