// The address of the page for a whole room to see: as a code for telephones, and in large print.
// Knows nothing about how the code is made, or who is in the room.

import { encode } from "../qr.js";
import { find } from "./dom.js";

/** @import {Words} from "../language.js" */
/** @import {Code} from "../qr.js" */

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
