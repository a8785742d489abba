// The dialogs: one's nick, the settings, the address for a whole room to see, the keyboard shortcuts.
// Knows nothing about the room or how anything is done: it asks, and says what was chosen.

import { encode } from "../qr.js";
import { THEMES } from "../memory.js";
import { find, make } from "./dom.js";
import { ask, chime, standing } from "./signal.js";

/** @import {Words} from "../language.js" */
/** @import {Code} from "../qr.js" */
/** @import {Settings} from "../memory.js" */

export class Rename {
  #dialog = find("rename-dialog", HTMLDialogElement);
  #form = find("rename-form", HTMLFormElement);
  #button = find("rename", HTMLButtonElement);
  #own = find("own-nick", HTMLElement);
  #nick = find("new-nick", HTMLInputElement);
  #error = find("rename-error", HTMLElement);
  #waiting = find("rename-waiting", HTMLElement);
  #words;

  /** @param {Words} words @param {{rename(nick: string): void, giveUp(): void}} actions */
  constructor(words, actions) {
    this.#words = words;
    this.#button.addEventListener("click", () => this.open());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      const nick = this.#nick.value.trim();
      if (nick === "" || nick === this.#own.textContent) {
        this.#dialog.close();
        return;
      }
      this.#error.textContent = "";
      this.#waiting.textContent = this.#words.rename_waiting;
      actions.rename(nick);
    });
    find("rename-cancel", HTMLButtonElement).addEventListener("click", () => this.#dialog.close());
    this.#dialog.addEventListener("close", () => actions.giveUp());
  }

  /** @param {string} nick */
  show(nick) {
    this.#own.textContent = nick;
    this.#button.setAttribute("aria-label", `${this.#words.rename}: ${nick}`);
    this.#button.title = this.#words.rename;
  }

  done() {
    this.#dialog.close();
  }

  /** @param {string} reason */
  refuse(reason) {
    this.#waiting.textContent = "";
    this.#error.textContent = reason;
    this.#nick.focus();
  }

  open() {
    this.#error.textContent = "";
    this.#waiting.textContent = "";
    this.#nick.value = this.#own.textContent ?? "";
    this.#dialog.showModal();
    this.#nick.select();
  }
}

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

/** What has to be light around a code, in modules. */
const QUIET = 4;

/** Whether nobody else can reach an address. @param {string} hostname as in `location` */
export function isLocal(hostname) {
  return /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

export class Invitation {
  #dialog = find("invite-dialog", HTMLDialogElement);

  /** @param {Words} words @param {{address: string, command: string}} ways in */
  constructor(words, { address, command }) {
    find("invite-address", HTMLElement).textContent = address;
    find("invite-command", HTMLElement).textContent = command;
    find("invite-local", HTMLElement).hidden = !isLocal(new URL(address).hostname);
    for (const id of ["invite", "invite-here"]) {
      const button = find(id, HTMLButtonElement);
      button.title = words.invite;
      button.addEventListener("click", () => this.#open(words, address));
    }
    find("invite-close", HTMLButtonElement).addEventListener("click", () => this.#dialog.close());
  }

  /** @param {Words} words @param {string} address */
  #open(words, address) {
    const code = encode(address);
    if (code !== null) draw(code, words.invite_code.replace("{address}", address));
    this.#dialog.showModal();
  }
}

/** @param {Code} code @param {string} label */
function draw(code, label) {
  const image = document.querySelector("#invite-code");
  const size = code.length + 2 * QUIET;
  image?.setAttribute("viewBox", `${-QUIET} ${-QUIET} ${size} ${size}`);
  image?.setAttribute("aria-label", label);
  const dark = code.flatMap((row, y) => row.map((module, x) => (module ? `M${x} ${y}h1v1h-1z` : "")));
  image?.firstElementChild?.setAttribute("d", dark.join(""));
}

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
