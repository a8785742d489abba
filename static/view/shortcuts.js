// The dialog with all keyboard shortcuts, and the two that are no other part's: `?` opens it, Escape goes to the newest.
// Knows nothing about what the other shortcuts do.

import { find, make } from "./dom.js";

/** @import {Settings} from "../settings.js" */
/** @import {Words} from "../language.js" */

/**
 * Keys, and the word that says what they do.
 * @type {readonly (readonly [string, "key_send" | "key_line" | "key_sent" | "key_complete" | "key_find" | "key_end"
 *   | "key_escape" | "key_list"])[]}
 */
export const SHORTCUTS = [
  ["Enter", "key_send"],
  ["Shift+Enter", "key_line"],
  ["↑", "key_sent"],
  ["Tab", "key_complete"],
  ["Esc", "key_escape"],
  ["End", "key_end"],
  ["Ctrl+Shift+F", "key_find"],
  ["?", "key_list"],
];

export class Shortcuts {
  #dialog = find("shortcuts-dialog", HTMLDialogElement);
  #single = find("single-keys", HTMLInputElement);
  #settings;

  /** @param {Words} words @param {Settings} settings @param {() => void} toNewest */
  constructor(words, settings, toNewest) {
    this.#settings = settings;
    find("shortcut-list", HTMLElement).append(...SHORTCUTS.flatMap(([keys, word]) => [
      make("dt", "", ...keys.split("+").map((key) => make("kbd", "", key))),
      make("dd", "", words[word]),
    ]));
    const button = find("shortcuts", HTMLButtonElement);
    button.title = words.shortcuts;
    button.addEventListener("click", () => this.#open());
    find("shortcuts-close", HTMLButtonElement).addEventListener("click", () => this.#dialog.close());
    this.#single.addEventListener("change", () => settings.choose("singleKeys", this.#single.checked));
    document.addEventListener("keydown", (event) => {
      const { key, target } = event;
      if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
      if (document.querySelector("dialog[open]")) return;
      const typing = target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
      if (key === "?" && settings.singleKeys && !typing) {
        event.preventDefault();
        this.#open();
      } else if (key === "Escape" && typing && target.id === "message") {
        toNewest();
      }
    });
  }

  #open() {
    this.#single.checked = this.#settings.singleKeys;
    this.#dialog.showModal();
  }
}
