// Find in the conversation: from the newest line that holds a text to older ones, through earlier messages if asked to.
// Knows nothing about how lines are made or fetched; it searches what the log shows.

import { find, isShown } from "./dom.js";

/** @import {Words} from "../language.js" */
/** @import {Before} from "./ends.js" */
/** @import {Line} from "./line.js" */
/** @import {Log} from "./log.js" */

const RECOUNT_MS = 400;
/** More marks than these nobody sees; they cost time to draw. */
const MOST_RANGES = 1000;
const HIGHLIGHT = "found";

export class Finder {
  /** Lines that hold the text, from the top. @type {Line[]} */
  #found = [];
  /** The one of them that was gone to. @type {Line | null} */
  #current = null;
  /** Whether earlier messages are being fetched for the next one. */
  #seeking = false;
  #recounting = false;
  /** Where the focus goes back to. @type {Element | null} */
  #from = null;
  #form = find("finder", HTMLFormElement);
  #text = find("find-text", HTMLInputElement);
  #status = find("find-status", HTMLElement);
  #further = find("find-earlier", HTMLButtonElement);
  #words;
  #log;
  #before;
  #actions;

  /** @param {Words} words @param {Log} log @param {Before} before @param {{askEarlier(): boolean}} actions */
  constructor(words, log, before, actions) {
    this.#words = words;
    this.#log = log;
    this.#before = before;
    this.#actions = actions;
    const button = find("find", HTMLButtonElement);
    button.title = `${words.find} (Ctrl+Shift+F)`;
    button.addEventListener("click", () => (this.#form.hidden ? this.open() : this.close()));
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#step(-1);
    });
    this.#form.addEventListener("keydown", (event) => this.#key(event));
    this.#text.addEventListener("input", () => this.#search());
    find("find-newer", HTMLButtonElement).addEventListener("click", () => this.#step(1));
    find("find-close", HTMLButtonElement).addEventListener("click", () => this.close());
    this.#further.addEventListener("click", () => this.#seek());
  }

  open() {
    if (this.#form.hidden) this.#from = document.activeElement;
    this.#form.hidden = false;
    this.#text.select();
    this.#text.focus();
    this.#search();
  }

  close() {
    if (this.#form.hidden) return;
    this.#form.hidden = true;
    this.#text.value = "";
    this.#goTo(null);
    this.#seeks(false);
    unmark();
    const back = this.#from instanceof HTMLElement && isShown(this.#from) && this.#from !== document.body ? this.#from : null;
    (back ?? find("message", HTMLElement)).focus({ preventScroll: true });
  }

  /** What the log shows has changed. */
  take() {
    if (this.#form.hidden) return;
    if (this.#seeking && !this.#log.earlier.asking) this.#sought();
    if (this.#recounting) return;
    this.#recounting = true;
    setTimeout(() => {
      this.#recounting = false;
      if (!this.#form.hidden) this.#recount();
    }, RECOUNT_MS);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.isComposing) return;
    if (event.key === "Escape") {
      event.preventDefault();
      this.close();
    } else if (event.key === "Enter" && event.shiftKey && event.target === this.#text) {
      event.preventDefault();
      this.#step(1);
    }
  }

  /** Another text: from the newest on. */
  #search() {
    this.#seeks(false);
    this.#goTo(null);
    this.#recount();
    this.#goTo(this.#found.at(-1) ?? null);
    this.#tell();
  }

  #recount() {
    const above = this.#found[this.#place - 1] ?? null;
    this.#found = matching([...this.#before.lines, ...this.#log.lines], this.#text.value);
    if (this.#current !== null && this.#place < 0) this.#mark(above !== null && this.#found.includes(above) ? above : null);
    mark(this.#found, this.#text.value);
    this.#tell();
  }

  /** @param {1 | -1} way to newer ones, or older ones */
  #step(way) {
    this.#recount();
    const next = this.#found[this.#start + way];
    if (next) this.#goTo(next);
    else if (way < 0 && this.#log.earlier.any && this.#text.value.trim() !== "") this.#seek();
    else this.#goTo(this.#found.at(way < 0 ? -1 : 0) ?? null); // round
    this.#tell();
  }

  /** Fetches until there is one more, or nothing is left. */
  #seek() {
    this.#seeks(this.#actions.askEarlier());
    this.#tell();
  }

  /** @param {boolean} seeking */
  #seeks(seeking) {
    this.#seeking = this.#log.held = seeking;
  }

  /** What was asked for has come. */
  #sought() {
    this.#recount();
    const index = this.#start;
    if (index <= 0 && this.#log.earlier.unprompted && this.#actions.askEarlier()) return;
    this.#seeks(false);
    if (index > 0) this.#goTo(this.#found[index - 1]);
    if (document.activeElement === this.#further) this.#text.focus({ preventScroll: true });
    this.#tell();
  }

  /** Where the one that was gone to stands among those found; -1 where it does not. */
  get #place() {
    return this.#current === null ? -1 : this.#found.indexOf(this.#current);
  }

  /** From where a step is taken: the one that was gone to, or the end below the newest. */
  get #start() {
    return this.#current === null ? this.#found.length : this.#place;
  }

  /** @param {Line | null} line */
  #goTo(line) {
    this.#mark(line);
    if (line !== null) this.#log.goTo(line);
  }

  /** @param {Line | null} line */
  #mark(line) {
    this.#current?.node.classList.remove("found");
    this.#current = line;
    line?.node.classList.add("found");
  }

  #tell() {
    const { length } = this.#found;
    const place = this.#current === null ? 0 : length - this.#place;
    let text = this.#log.earlier.any ? this.#words.find_none_shown : this.#words.find_none;
    if (this.#text.value.trim() === "") text = "";
    else if (this.#seeking) text = this.#words.earlier_asked;
    else if (length > 0) text = this.#words.found.replace("{place}", String(place)).replace("{n}", String(length));
    if (this.#status.textContent !== text) this.#status.textContent = text;
    this.#further.hidden = text === "" || !this.#log.earlier.any;
    this.#further.setAttribute("aria-disabled", String(this.#seeking));
  }
}

/** What a line says, with its author. @param {Line} line */
function textOf({ node }) {
  const nick = node.querySelector(".nick")?.textContent ?? "";
  return `${nick} ${node.querySelector(".text, .what")?.textContent ?? ""}`;
}

/** @param {string} text */
function folded(text) {
  return text.toLocaleLowerCase();
}

/** Those of the lines that hold the text, without regard to case. @param {readonly Line[]} lines @param {string} text */
function matching(lines, text) {
  const wanted = folded(text.trim());
  if (wanted === "") return [];
  return lines.filter((line) => !line.node.hidden && !line.removed && folded(textOf(line)).includes(wanted));
}

/** Marks the text where it stands, in the newest lines if it is in too many. @param {readonly Line[]} lines @param {string} text */
function mark(lines, text) {
  if (!("highlights" in CSS)) return;
  const wanted = folded(text.trim());
  const highlight = new Highlight();
  for (let index = lines.length - 1; index >= 0 && highlight.size < MOST_RANGES; index -= 1) {
    for (const range of rangesOf(lines[index].node, wanted)) highlight.add(range);
  }
  CSS.highlights.set(HIGHLIGHT, highlight);
}

function unmark() {
  if ("highlights" in CSS) CSS.highlights.delete(HIGHLIGHT);
}

/** @param {HTMLElement} node @param {string} wanted */
function* rangesOf(node, wanted) {
  const walker = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
  for (let text = walker.nextNode(); text; text = walker.nextNode()) {
    const value = text.textContent ?? "";
    const small = folded(value);
    if (small.length !== value.length || text.parentElement?.localName === "time") continue; // other places in the other case
    for (let at = small.indexOf(wanted); at >= 0; at = small.indexOf(wanted, at + wanted.length)) {
      yield new StaticRange({ startContainer: text, startOffset: at, endContainer: text, endOffset: at + wanted.length });
    }
  }
}
