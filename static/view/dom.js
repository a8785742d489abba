// Small helpers for elements: find, make, fill in words, and change them once a frame.
// Knows nothing about the room. Text goes in as text nodes only, and class names come from our own code.

/** @import {Words} from "../language.js" */

/** A hidden tab has no frames; there a timer does it. */
const HIDDEN_MS = 200;
const LATEST_MS = 500;

/** @template {HTMLElement} T @param {string} id @param {new () => T} kind @returns {T} */
export function find(id, kind) {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new Error(`the page has no ${kind.name} #${id}`);
  return element;
}

/**
 * @template {keyof HTMLElementTagNameMap} K @param {K} tag @param {string} className
 * @param {...(Node | string)} children @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className !== "") element.className = className;
  element.append(...children);
  return element;
}

/** @param {string} label @param {() => void} action @returns {HTMLButtonElement} */
export function makeButton(label, action) {
  const button = make("button", "small", label);
  button.type = "button";
  button.addEventListener("click", action);
  return button;
}

/** Says something to those who listen to the page. @param {string} text */
export function speak(text) {
  find("spoken", HTMLElement).textContent = text;
}

/** Whether an element has a place on the page, in sight or not. @param {Element} element */
export function isShown(element) {
  return element.getClientRects().length > 0;
}

/** Gives the focus where no key does any harm: to the conversation, or what else is there. */
export function rest() {
  const scroller = find("scroller", HTMLElement);
  (isShown(scroller) ? scroller : find("nick", HTMLElement)).focus({ preventScroll: true });
}

/** Hides a control, without losing the focus with it. @param {HTMLElement} element @param {boolean} hidden */
export function hide(element, hidden) {
  if (hidden && element.contains(document.activeElement)) rest();
  element.hidden = hidden;
}

/** A sentence with nodes in the places that braces name. @param {string} sentence @param {Record<string, Node>} parts */
export function fill(sentence, parts) {
  return sentence.split(/[{}]/).map((piece, index) => (index % 2 === 0 ? piece : parts[piece] ?? ""));
}

/** Puts the words of a language where the page names them. @param {Words} words */
export function translate(words) {
  const lookup = /** @type {Record<string, unknown>} */ (words);
  document.documentElement.lang = words.code;
  document.documentElement.dir = words.dir;
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = String(lookup[/** @type {HTMLElement} */ (element).dataset.text ?? ""]);
  }
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", String(lookup[/** @type {HTMLElement} */ (element).dataset.label ?? ""]));
  }
}

/**
 * A function that asks for `work` to be done soon; asked many times, it is done once.
 * @param {() => void} work @returns {() => void}
 */
export function perFrame(work) {
  let frame = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const run = () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    timer = undefined;
    work();
  };
  return () => {
    if (timer !== undefined) return;
    timer = setTimeout(run, document.hidden ? HIDDEN_MS : LATEST_MS);
    frame = requestAnimationFrame(run);
  };
}
