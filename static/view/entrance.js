// The form that one enters by, and the command that enters from a terminal.
// Knows nothing about connections; it hands over a nick, and a password where one is asked for.

import { find } from "./dom.js";

/** @import {Words} from "../language.js" */

/** @param {string} hostname as in `location` @param {string} port */
export function terminalCommand(hostname, port) {
  return `nc ${hostname.replace(/^\[|\]$/g, "")} ${port}`;
}

export class Entrance {
  #form = find("join-form", HTMLFormElement);
  #nick = find("nick", HTMLInputElement);
  #password = find("password", HTMLInputElement);
  #secret = find("password-field", HTMLElement);
  #error = find("join-error", HTMLElement);
  #command = find("nc-command", HTMLElement);
  #feedback = find("copy-feedback", HTMLElement);
  #words;

  /**
   * @param {Words} words @param {{join(nick: string, password: string): void}} actions
   * @param {{nick: string, command: string}} filled
   */
  constructor(words, actions, { nick, command }) {
    this.#words = words;
    this.#nick.value ||= nick; // somebody may have been quicker
    this.#command.textContent = command;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.refuse("");
      actions.join(this.#nick.value.trim(), this.#secret.hidden ? "" : this.#password.value);
    });
    for (const field of [this.#nick, this.#password]) field.addEventListener("input", () => this.refuse(""));
    find("copy-nc", HTMLButtonElement).addEventListener("click", () => void this.#copy());
  }

  focus() {
    this.#nick.focus();
  }

  /** The nick to come back with. @param {string} nick */
  show(nick) {
    if (nick !== "") this.#nick.value = nick;
  }

  /** Who sits down here next has to know the password. */
  forget() {
    this.#password.value = "";
  }

  /** Shows the field for it from now on. @param {string} reason why what was given is not it; empty if nothing was */
  askPassword(reason) {
    if (this.#secret.hidden) this.#password.after(find("join", HTMLButtonElement));
    this.#secret.hidden = false;
    this.refuse(reason, this.#password);
    this.#password.focus();
    this.#password.select();
  }

  /** @param {string} reason why one could not enter; empty where nothing is wrong @param {HTMLInputElement} [field] what is wrong */
  refuse(reason, field = this.#nick) {
    this.#error.textContent = reason;
    for (const each of [this.#nick, this.#password]) {
      each.setAttribute("aria-invalid", String(each === field && reason !== ""));
    }
  }

  async #copy() {
    const copied = await copyText(this.#command);
    this.#feedback.textContent = copied ? this.#words.copied : this.#words.not_copied;
  }
}

/** The clipboard exists on secure origins only; elsewhere the old command still does it. @param {HTMLElement} element */
async function copyText(element) {
  try {
    await navigator.clipboard.writeText(element.textContent ?? "");
    return true;
  } catch {
    getSelection()?.selectAllChildren(element);
    return document.execCommand("copy");
  }
}
