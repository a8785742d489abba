// The dialog with a person's choices for this browser.
// Knows nothing about how themes, notifications and sounds are made; it says what was chosen.

import { ask, chime, standing } from "./signal.js";
import { find } from "./dom.js";
import { THEMES } from "../settings.js";

/** @import {Settings} from "../settings.js" */
/** @import {Words} from "../language.js" */

export class SettingsDialog {
  #dialog = find("settings-dialog", HTMLDialogElement);
  #notify = find("notify", HTMLInputElement);
  #hint = find("notify-hint", HTMLElement);
  #sound = find("sound", HTMLInputElement);
  #words;
  #settings;

  /** @param {Words} words @param {Settings} settings */
  constructor(words, settings) {
    this.#words = words;
    this.#settings = settings;
    const button = find("settings", HTMLButtonElement);
    button.title = words.settings;
    button.addEventListener("click", () => this.#open());
    find("settings-close", HTMLButtonElement).addEventListener("click", () => this.#dialog.close());
    for (const radio of this.#radios()) radio.addEventListener("change", () => this.#theme(radio.value));
    this.#notify.addEventListener("change", () => void this.#ask());
    this.#sound.addEventListener("change", () => {
      settings.choose("sound", this.#sound.checked);
      if (this.#sound.checked) chime();
    });
  }

  #radios() {
    return /** @type {NodeListOf<HTMLInputElement>} */ (this.#dialog.querySelectorAll('[name="theme"]'));
  }

  #open() {
    for (const radio of this.#radios()) radio.checked = radio.value === this.#settings.theme;
    this.#notify.checked = this.#settings.notify && standing() === "granted";
    this.#sound.checked = this.#settings.sound;
    this.#hint.textContent = "";
    this.#dialog.showModal();
  }

  /** @param {string} value */
  #theme(value) {
    const theme = THEMES.find((candidate) => candidate === value) ?? "system";
    this.#settings.choose("theme", theme);
    dispatchEvent(new CustomEvent("theme", { detail: theme }));
  }

  /** The browser asks only where it was not answered before; it takes a person's click to do so. */
  async #ask() {
    const answer = this.#notify.checked ? await ask() : "granted";
    if (answer !== "granted") this.#notify.checked = false;
    this.#hint.textContent = answer === "granted" ? "" : this.#words[`notify_${answer}`];
    this.#settings.choose("notify", this.#notify.checked);
  }
}
