// The form that one enters by, and the command that enters from a terminal.
// Knows nothing about connections; it hands over a nick.

import { find } from "./dom.js";

/** @import {Words} from "../language.js" */

/** @param {string} hostname as in `location` @param {string} port */
export function terminalCommand(hostname, port) {
  return `nc ${hostname.replace(/^\[|\]$/g, "")} ${port}`;
}

export class Entrance {
  #form = find("join-form", HTMLFormElement);
  #nick = find("nick", HTMLInputElement);
  #error = find("join-error", HTMLElement);
  #command = find("nc-command", HTMLElement);
  #feedback = find("copy-feedback", HTMLElement);
  #words;

  /** @param {Words} words @param {(nick: string) => void} join @param {{nick: string, command: string}} filled */
  constructor(words, join, { nick, command }) {
    this.#words = words;
    this.#nick.value = nick;
    this.#command.textContent = command;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.refuse("");
      join(this.#nick.value.trim());
    });
    this.#nick.addEventListener("input", () => this.refuse(""));
    find("copy-nc", HTMLButtonElement).addEventListener("click", () => void this.#copy());
  }

  focus() {
    this.#nick.focus();
  }

  /** @param {string} reason why one could not enter; empty where nothing is wrong */
  refuse(reason) {
    this.#error.textContent = reason;
    this.#nick.setAttribute("aria-invalid", String(reason !== ""));
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
