// Where a message is written: grows with its text, counts near the limit, keeps the draft, goes back to what was sent.
// Knows nothing about what becomes of a message once it is handed over.

import { complete, named, offer } from "../completion.js";
import { countCharacters } from "../protocol.js";
import { count } from "../language.js";
import { find } from "./dom.js";
import { Paste, Suggestions } from "./offers.js";

/** @import {Known} from "../completion.js" */
/** @import {Sent} from "../memory.js" */
/** @import {Words} from "../language.js" */

const NEAR_LIMIT = 200;
/** Keys that take the caret away from what was to go on. */
const MOVING = new Set(["ArrowLeft", "ArrowRight", "Home", "End", "PageUp", "PageDown"]);
/** What has more lines goes in as a whole, which can't be undone: line by line it takes a browser seconds. */
const MOST_UNDONE_LINES = 200;

/** @typedef {{characters: number, lines: number}} TextLimits */
/** @typedef {{queue(text: string): void, keepDraft(text: string): void, limits(): TextLimits, known(): Known}} ComposerActions */

/** What the server will count of what is typed. @param {string} typed */
function counted(typed) {
  const text = typed.trimEnd();
  return text.includes("\n") ? text : text.trimStart();
}

export class Composer {
  #form = find("composer", HTMLFormElement);
  #message = find("message", HTMLTextAreaElement);
  #left = find("message-left", HTMLElement);
  #error = find("message-error", HTMLElement);
  #words;
  #actions;
  #sent;
  #suggestions;
  #question;

  /** @param {Words} words @param {ComposerActions} actions @param {string} draft @param {Sent} sent */
  constructor(words, actions, draft, sent) {
    this.#words = words;
    this.#actions = actions;
    this.#sent = sent;
    this.#suggestions = new Suggestions(words, this.#message, ({ from, to }, { text }) => this.#go(from, to, text));
    this.#question = new Paste(words, this.#message, (text, code) => this.#paste(text, code), () => this.focus());
    this.#message.value = draft;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#message.addEventListener("keydown", (event) => {
      // Enter also ends the choice of a character in an input method; Safari tells by the key code only.
      if (event.isComposing || event.keyCode === 229 || !this.#key(event)) return;
      event.preventDefault();
    });
    this.#message.addEventListener("input", (event) => this.#typed(/** @type {InputEvent} */ (event).isComposing));
    this.#message.addEventListener("compositionend", () => this.#typed());
    this.#message.addEventListener("pointerdown", () => this.#suggestions.show(null));
    this.#message.addEventListener("blur", () => this.#suggestions.show(null));
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

  /** Asks nothing any more. */
  close() {
    this.#question.close();
    this.#suggestions.show(null);
  }

  /** Puts a nick where one writes. @param {string} nick */
  mention(nick) {
    const { value, selectionStart, selectionEnd } = this.#message;
    const text = value.trim() === "" ? `${nick}: ` : `${/\S$/.test(value.slice(0, selectionStart)) ? " " : ""}${nick} `;
    this.#replace(value.trim() === "" ? 0 : selectionStart, value.trim() === "" ? value.length : selectionEnd, text);
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether it has done what it was meant for */
  #key(event) {
    if (this.#suggestions.key(event)) return true;
    if (MOVING.has(event.key)) this.#suggestions.show(null);
    if (event.shiftKey || event.ctrlKey || event.altKey || event.metaKey) return false;
    const { value, selectionStart, selectionEnd } = this.#message;
    if (event.key === "Enter") {
      this.#submit();
      return true;
    }
    if (selectionStart !== selectionEnd) return false;
    switch (event.key) {
      case "Tab":
        return this.#complete();
      case "ArrowUp":
        return this.#sent.isShown(value) && !value.slice(0, selectionStart).includes("\n") && this.#bring(this.#sent.older());
      case "ArrowDown":
        return this.#sent.isShown(value) && !value.slice(selectionStart).includes("\n") && this.#bring(this.#sent.newer());
      default:
        return false;
    }
  }

  #submit() {
    const text = this.#message.value.trimEnd();
    if (text.trim() === "") return;
    const { characters, lines } = this.#actions.limits();
    const over = countCharacters(counted(text)) - characters;
    const overLines = text.split("\n").length - lines;
    if (over > 0 || overLines > 0) {
      const [forms, n] = over > 0 ? [this.#words.too_long, over] : [this.#words.too_many_lines, overLines];
      this.#error.textContent = count(this.#words, forms, n);
      return;
    }
    this.#actions.queue(text);
    this.#sent.add(text);
    this.#show("");
    this.#suggestions.show(null);
  }

  /** Somebody has typed, or what is like it. @param {boolean} [composing] with an input method, whose text is its own till the end */
  #typed(composing = false) {
    this.#edited();
    const { value, selectionStart } = this.#message;
    const emoji = composing ? null : named(value, selectionStart);
    if (emoji) this.#replace(emoji.from, emoji.to, emoji.text);
    else this.#suggestions.show(offer(value, selectionStart, this.#actions.known()));
  }

  #edited() {
    const text = this.#message.value;
    if (!this.#sent.isShown(text)) this.#sent.leave();
    this.#actions.keepDraft(text);
    this.#error.textContent = "";
    const left = this.#actions.limits().characters - countCharacters(counted(text));
    const forms = left < 0 ? this.#words.characters_over : this.#words.characters_left;
    this.#left.textContent = left > NEAR_LIMIT ? "" : count(this.#words, forms, Math.abs(left));
    this.#left.classList.toggle("over", left < 0);
    const frame = this.#message.parentElement;
    if (frame) frame.dataset.replica = `${text} `;
  }

  /** The one nick that begins so; a list where there are more. @returns {boolean} whether there is any */
  #complete() {
    const { value, selectionStart } = this.#message;
    const completion = complete(value, selectionStart, this.#actions.known());
    if (completion === null) return false;
    if (completion.suggestions.length > 1) this.#suggestions.show(completion, 0);
    else this.#go(completion.from, completion.to, completion.suggestions[0].text);
    return true;
  }

  /** Goes on with what was suggested; a blank may stand behind it already. @param {number} from @param {number} to @param {string} text */
  #go(from, to, text) {
    this.#replace(from, to, /\s/.test(this.#message.value[to] ?? "") ? text.trimEnd() : text);
  }

  /** @param {string | null} text */
  #bring(text) {
    if (text === null) return false;
    this.#show(text);
    return true;
  }

  /** @param {string} text */
  #show(text) {
    this.#message.value = text;
    this.#edited();
  }

  /** @param {string} text @param {boolean} code */
  #paste(text, code) {
    const { value, selectionStart, selectionEnd } = this.#message;
    const lead = selectionStart === 0 || value[selectionStart - 1] === "\n" ? "" : "\n";
    this.#replace(selectionStart, selectionEnd, code ? `${lead}\`\`\`\n${text}\n\`\`\`\n` : text);
  }

  /** In such a way that it can be undone. @param {number} from @param {number} to @param {string} text */
  #replace(from, to, text) {
    this.focus();
    this.#message.setSelectionRange(from, to);
    if (text.split("\n").length <= MOST_UNDONE_LINES && document.execCommand("insertText", false, text)) return;
    this.#message.setRangeText(text, from, to, "end");
    this.#typed();
  }
}
