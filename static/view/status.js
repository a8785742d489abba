// The connection as the page shows it: state, countdown, what is not sent, and the buttons that go with them.
// Knows nothing about how a connection is made or kept.

import { count } from "../language.js";
import { find, hide } from "./dom.js";

/** @import {Status} from "../connection.js" */
/** @import {Words} from "../language.js" */

/** An acknowledgement that comes sooner than this is not worth a number. */
const PATIENCE_MS = 1500;
const TAKEN_OVER = 4502;

/** @typedef {{reconnectNow(): void, joinAgain(): void}} StatusActions */

export class StatusBar {
  /** @type {Status} */
  #status = { state: "joining" };
  #waiting = 0;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #ticking;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #patience;
  #state = find("state", HTMLElement);
  #text = find("state-text", HTMLElement);
  #countdown = find("countdown", HTMLElement);
  #now = find("reconnect-now", HTMLButtonElement);
  #again = find("join-again", HTMLButtonElement);
  #unsent = find("unsent", HTMLElement);
  #words;

  /** @param {Words} words @param {StatusActions} actions */
  constructor(words, actions) {
    this.#words = words;
    this.#now.addEventListener("click", () => actions.reconnectNow());
    this.#again.addEventListener("click", () => actions.joinAgain());
    this.show(this.#status, false, "");
  }

  /** @param {Status} status @param {boolean} inRoom @param {string} why it ended, where the server said so to a person */
  show(status, inRoom, why) {
    this.#status = status;
    this.#state.dataset.state = status.state;
    const text = this.#sentence(status, why);
    if (this.#text.textContent !== text) this.#text.textContent = text;
    const counting = status.state === "reconnecting" && status.at !== null;
    hide(this.#now, !counting);
    hide(this.#again, !(status.state === "ended" && inRoom));
    const elsewhere = status.state === "ended" && status.code === TAKEN_OVER;
    this.#again.textContent = elsewhere ? this.#words.continue_here : this.#words.join_again;
    clearInterval(this.#ticking);
    if (counting) this.#ticking = setInterval(() => this.#tick(), 250);
    this.#tick();
    this.showWaiting(this.#waiting);
  }

  /** @param {number} waiting */
  showWaiting(waiting) {
    const before = this.#waiting;
    this.#waiting = waiting;
    if (waiting === 0 || before === 0) {
      clearTimeout(this.#patience);
      this.#patience = undefined;
    }
    this.#unsent.textContent = waiting === 0 ? "" : count(this.#words, this.#words.not_sent, waiting);
    if (waiting === 0) this.#unsent.hidden = true;
    else if (this.#status.state !== "connected") this.#unsent.hidden = false;
    else this.#patience ??= setTimeout(() => { this.#unsent.hidden = this.#waiting === 0; }, PATIENCE_MS);
  }

  #tick() {
    const status = this.#status;
    let text = "";
    if (status.state === "reconnecting") {
      const seconds = Math.max(0, Math.ceil(((status.at ?? 0) - Date.now()) / 1000));
      text = status.at === null ? this.#words.state_trying : this.#words.in_seconds.replace("{n}", String(seconds));
    }
    if (this.#countdown.textContent !== text) this.#countdown.textContent = text;
  }

  /** @param {Status} status @param {string} why */
  #sentence(status, why) {
    const words = this.#words;
    switch (status.state) {
      case "joining": return words.state_joining;
      case "connecting": return words.state_connecting;
      case "connected": return words.state_connected;
      case "reconnecting": return words.state_reconnecting;
      case "ended": return `${words.state_ended}. ${why || this.#reason(status.code)}`;
    }
  }

  /** @param {number} code */
  #reason(code) {
    const words = this.#words;
    switch (code) {
      case 4500: return words.ended_4500;
      case 4501: return words.ended_4501;
      case 4502: return words.ended_4502;
      case 4503: return words.ended_4503;
      case 4504: return words.ended_4504;
      case 4505: return words.ended_4505;
      case 4506: return words.ended_4506;
      case 4507: return words.ended_4507;
      case 4508: return words.ended_4508;
      default: return words.ended_other;
    }
  }
}
