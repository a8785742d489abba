// The dialog that changes one's nick.
// Knows nothing about commands or the server; it asks for a nick and is told how that went.

import { find } from "./dom.js";

/** @import {Words} from "../language.js" */

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
