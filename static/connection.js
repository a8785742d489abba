// One WebSocket at a time, and the next when it is gone: joining, liveness, backoff.
// Knows nothing about the room or the page: it is given the first message to send, and passes on what comes.

import { SUBPROTOCOL, decode, encode, newIdentifier } from "./protocol.js";

/** @import {ClientMessage, Join} from "./protocol.js" */

/**
 * `at` is when the next attempt will be made, in milliseconds of the clock; null while one is under way. `reason` is the
 * server's, and may be empty.
 * @typedef {{state: "joining"} | {state: "connecting"} | {state: "connected"}
 *   | {state: "reconnecting", at: number | null} | {state: "ended", code: number, reason: string}} Status
 */

/**
 * @typedef {object} Socket
 * @property {number} readyState
 * @property {(data: string) => void} send
 * @property {() => void} close
 * @property {((event: any) => void) | null} onopen
 * @property {((event: any) => void) | null} onmessage
 * @property {((event: any) => void) | null} onclose
 */

/**
 * What a test replaces.
 * @typedef {object} World
 * @property {(url: string) => Socket} open
 * @property {(answered: () => void, failed: () => void) => void} ask finds out whether the server is there at all
 * @property {(action: () => void, milliseconds: number) => any} setTimeout
 * @property {(timer: any) => void} clearTimeout
 * @property {() => number} now in milliseconds
 * @property {() => number} random from 0 to 1
 */

export const SHORTEST_DELAY_MS = 500;
export const LONGEST_DELAY_MS = 20_000;
export const STABLE_AFTER_MS = 10_000;
export const OPENING_MS = 10_000;
export const IDLE_MS = 25_000;
export const PONG_MS = 5_000;
/** After this, an attempt that has led nowhere is not worth waiting for when there is reason to try afresh. */
export const STALE_MS = 2_000;
const OPEN = 1;

/** @type {World} */
const browser = {
  open: (url) => new WebSocket(url, SUBPROTOCOL),
  ask(answered, failed) {
    // Firefox lets a WebSocket wait, for up to a minute, when others have failed; there none is opened in vain.
    if (!("mozInnerScreenX" in window)) answered();
    else void fetch("./", { method: "HEAD", cache: "no-store" }).then(({ status }) => (status < 500 ? answered() : failed()), failed);
  },
  setTimeout: (action, milliseconds) => setTimeout(action, milliseconds),
  clearTimeout: (timer) => clearTimeout(timer),
  now: () => Date.now(),
  random: () => Math.random(),
};

/** Whether a close code asks us to stay away. @param {number} code */
export function isFinal(code) {
  return code >= 4500 && code <= 4599;
}

/** Dispatches `status` when the status changes, and `messages` with those of one frame as detail. */
export class Connection extends EventTarget {
  /** @type {Status} */
  status = { state: "joining" };
  /** @type {Socket | null} */
  #socket = null;
  /** Attempts since the last stable connection. */
  #attempts = 0;
  #lastHeard = 0;
  /** Why the server is about to close the socket; a closing frame has room for 123 bytes of it only. */
  #farewell = "";
  /** When the attempt that is under way was begun. */
  #begun = 0;
  /** The attempt that is under way; another object each time. */
  #attempt = {};
  /** Each running timer, by what it is for. @type {Map<"opening" | "retry" | "stable" | "idle" | "pong", any>} */
  #timers = new Map();
  #url;
  #greet;
  #world;

  /** @param {string} url @param {() => Join} greet the first message of each socket @param {World} [world] */
  constructor(url, greet, world = browser) {
    super();
    this.#url = url;
    this.#greet = greet;
    this.#world = world;
  }

  /** Enters, or starts all over. */
  start() {
    this.#drop();
    this.#attempts = 0;
    this.#become({ state: "connecting" });
    this.#open();
  }

  /** Goes back to where there is no connection and none is wanted. */
  stop() {
    this.#drop();
    this.#become({ state: "joining" });
  }

  /** Does not wait any longer for the next attempt. */
  retry() {
    if (this.status.state !== "reconnecting" || this.status.at === null) return;
    this.#clear("retry");
    this.#become({ state: "reconnecting", at: null });
    this.#open();
  }

  /** The network or the person came back: a good moment to try, or to make sure. */
  wake() {
    this.retry();
    if (this.#timers.has("opening") && this.#world.now() - this.#begun >= STALE_MS) {
      this.#drop();
      this.#open();
    }
    this.doubt();
  }

  /** @param {ClientMessage} message @returns {boolean} whether it has been handed to an open socket */
  send(message) {
    if (this.status.state !== "connected" || this.#socket?.readyState !== OPEN) return false;
    this.#socket.send(encode(message));
    return true;
  }

  #open() {
    this.#begun = this.#world.now();
    this.#farewell = "";
    this.#after("opening", OPENING_MS, () => this.#lost());
    const attempt = this.#attempt = {};
    /** @param {() => void} act */
    const unlessOver = (act) => () => {
      if (attempt === this.#attempt) act();
    };
    if (this.#attempts === 0) this.#connect();
    else this.#world.ask(unlessOver(() => this.#connect()), unlessOver(() => this.#lost()));
  }

  #connect() {
    /** @type {Socket} */
    let socket;
    try {
      socket = this.#world.open(this.#url);
    } catch {
      this.#lost();
      return;
    }
    this.#socket = socket;
    socket.onopen = () => socket.send(encode(this.#greet()));
    socket.onmessage = (event) => this.#heard(String(event.data));
    socket.onclose = (event) => this.#closed(Number(event.code), String(event.reason ?? ""));
  }

  /** @param {string} frame */
  #heard(frame) {
    const socket = this.#socket;
    this.#lastHeard = this.#world.now();
    this.#clear("pong");
    const messages = decode(frame);
    for (const message of messages) if (message.type === "bye") this.#farewell = message.reason ?? "";
    if (this.status.state !== "connected" && messages.some(({ type }) => type === "welcome")) {
      this.#clear("opening");
      this.#after("stable", STABLE_AFTER_MS, () => { this.#attempts = 0; });
      this.#after("idle", IDLE_MS, () => this.#idle());
      this.#become({ state: "connected" });
    }
    if (socket === this.#socket) this.dispatchEvent(new CustomEvent("messages", { detail: messages }));
  }

  #idle() {
    const silent = this.#world.now() - this.#lastHeard;
    if (silent >= IDLE_MS) this.doubt();
    this.#after("idle", silent >= IDLE_MS ? IDLE_MS : IDLE_MS - silent, () => this.#idle());
  }

  /** Asks for a sign of life; a network that went away says nothing of its own accord. */
  doubt() {
    if (this.status.state !== "connected" || this.#timers.has("pong")) return;
    if (this.send({ type: "ping", id: newIdentifier() })) this.#after("pong", PONG_MS, () => this.#lost(true));
    else this.#lost(true);
  }

  /** @param {number} code @param {string} reason */
  #closed(code, reason) {
    if (!isFinal(code)) {
      this.#lost(this.#timers.has("pong"));
      return;
    }
    this.#drop();
    this.#become({ state: "ended", code, reason: this.#farewell || reason });
  }

  /** @param {boolean} [doubted] it had been asked for a sign of life: this is no news, and the next attempt can be made */
  #lost(doubted = false) {
    this.#drop();
    const ceiling = Math.min(LONGEST_DELAY_MS, SHORTEST_DELAY_MS * 2 ** (this.#attempts + 1));
    this.#attempts += 1;
    const delay = SHORTEST_DELAY_MS + this.#world.random() * (ceiling - SHORTEST_DELAY_MS);
    this.#after("retry", delay, () => this.retry());
    this.#become({ state: "reconnecting", at: this.#world.now() + delay });
    if (doubted) this.retry();
  }

  /** Forgets the socket at once; a dead one takes its time to close. */
  #drop() {
    for (const name of [...this.#timers.keys()]) this.#clear(name);
    this.#attempt = {};
    const socket = this.#socket;
    this.#socket = null;
    if (socket === null) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    try {
      socket.close();
    } catch {
      // It is gone already, which is what was wanted.
    }
  }

  /** @param {Status} status */
  #become(status) {
    this.status = status;
    this.dispatchEvent(new Event("status"));
  }

  /** @param {"opening" | "retry" | "stable" | "idle" | "pong"} name @param {number} milliseconds @param {() => void} action */
  #after(name, milliseconds, action) {
    this.#clear(name);
    const timer = this.#world.setTimeout(() => {
      this.#timers.delete(name);
      action();
    }, milliseconds);
    this.#timers.set(name, timer);
  }

  /** @param {"opening" | "retry" | "stable" | "idle" | "pong"} name */
  #clear(name) {
    this.#world.clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
  }
}
