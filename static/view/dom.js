// Small helpers for elements: find, make, fill in words.
// Knows nothing about the room. Text goes in as text nodes only, and class names come from our own code.

/** @import {Words} from "../language.js" */

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

/** A sentence with nodes in the places that braces name. @param {string} sentence @param {Record<string, Node>} parts */
export function fill(sentence, parts) {
  return sentence.split(/[{}]/).map((piece, index) => (index % 2 === 0 ? piece : parts[piece] ?? ""));
}

/** Puts the words of a language where the page names them. @param {Words} words */
export function translate(words) {
  const lookup = /** @type {Record<string, unknown>} */ (words);
  document.documentElement.lang = words.code;
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = String(lookup[/** @type {HTMLElement} */ (element).dataset.text ?? ""]);
  }
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", String(lookup[/** @type {HTMLElement} */ (element).dataset.label ?? ""]));
  }
}
