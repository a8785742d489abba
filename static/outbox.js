// What has been typed and is not yet acknowledged, in order: kept, sent, sent again, refused.
// Knows nothing about sockets or the page: it is given a function that sends while there is a connection.

import { isCommand, isSecret, newIdentifier } from "./protocol.js";

/** @import {Input} from "./protocol.js" */

/**
 * @typedef {object} Entry
 * @property {string} id
 * @property {string} text
 * @property {boolean} command not shown once it is sent
 * @property {boolean} secret never shown, and not kept over a reload
 * @property {boolean} sent on this connection
 * @property {boolean} held the server could not store it just now; it will be sent again in a moment
 * @property {string | null} refusal why the server did not take it, in its words
 */

/** @typedef {(input: Input) => boolean} Send */
/** @typedef {{get(name: string): unknown, set(name: string, value: unknown): void}} Keeping */
/** @typedef {(action: () => void, milliseconds: number) => unknown} Later */

export const STORE_AGAIN_MS = 3000;
const NAME = "outbox";

/** Dispatches `change` whenever an entry comes, goes or changes. */
export class Outbox extends EventTarget {
  /** @type {Map<string, Entry>} */
  #entries = new Map();
  /** @type {Send | null} */
  #send = null;
  #keep;
  #later;

  /** @param {Keeping} keep @param {Later} [later] */
  constructor(keep, later = (action, milliseconds) => setTimeout(action, milliseconds)) {
    super();
    this.#keep = keep;
    this.#later = later;
    const kept = keep.get(NAME);
    for (const item of Array.isArray(kept) ? kept : []) {
      if (typeof item?.id !== "string" || typeof item?.text !== "string") continue;
      const refusal = typeof item.refusal === "string" ? item.refusal : null;
      this.#entries.set(item.id, this.#entry(item.id, item.text, refusal));
    }
  }

  /** @returns {readonly Entry[]} oldest first */
  get entries() {
    return [...this.#entries.values()];
  }

  /** How many messages wait to be acknowledged, and commands to be sent. */
  get waiting() {
    return this.entries.filter((entry) => entry.refusal === null && !(entry.command && entry.sent)).length;
  }

  /** @param {string | undefined} id */
  has(id) {
    return id !== undefined && this.#entries.has(id);
  }

  /** @param {string | undefined} id */
  isSecret(id) {
    return id !== undefined && this.#entries.get(id)?.secret === true;
  }

  /** @param {string} text @returns {Entry} */
  add(text) {
    const entry = this.#entry(newIdentifier(), text, null);
    this.#entries.set(entry.id, entry);
    this.#changed();
    this.#flush();
    return entry;
  }

  /** There is a connection, and its replay is over: everything that waits is sent, in order. @param {Send} send */
  attach(send) {
    this.#send = send;
    this.#flush();
  }

  /** The connection is gone: nobody knows what of it has arrived. */
  detach() {
    this.#send = null;
    for (const entry of this.#entries.values()) entry.sent = false;
    this.#changed();
  }

  /** It is in the log, or has been done; or the person doesn't want it any more. @param {string | undefined} id */
  remove(id) {
    if (id !== undefined && this.#entries.delete(id)) this.#changed();
  }

  /** @param {string} id @param {string} code @param {string} text */
  refuse(id, code, text) {
    const entry = this.#entries.get(id);
    if (!entry) return;
    entry.sent = false;
    if (code === "not-stored") {
      entry.held = true;
      this.#later(() => {
        entry.held = false;
        this.#flush();
      }, STORE_AGAIN_MS);
    } else {
      entry.refusal = text;
    }
    this.#changed();
  }

  /** The server failed on something that was sent: it is not sent again unless it is wanted. @param {string} reason */
  suspect(reason) {
    for (const entry of this.#entries.values()) if (entry.sent) entry.refusal = reason;
    this.#changed();
  }

  /** Nothing that waits is sent unless it is wanted. @param {string} reason @returns {boolean} whether something is gone that is never shown */
  refuseAll(reason) {
    const secret = this.entries.filter((entry) => entry.secret);
    for (const { id } of secret) this.#entries.delete(id);
    for (const entry of this.#entries.values()) entry.refusal ??= reason;
    this.#changed();
    return secret.length > 0;
  }

  /** @param {string} id */
  retry(id) {
    const entry = this.#entries.get(id);
    if (!entry) return;
    entry.refusal = null;
    this.#changed();
    this.#flush();
  }

  /** A `/quit` that was obeyed must not be obeyed again at the next joining. */
  removeCommands() {
    for (const entry of this.entries) if (entry.command) this.#entries.delete(entry.id);
    this.#changed();
  }

  /** What was said after something that is held waits behind it; commands need no turn. */
  #flush() {
    let sent = false;
    let queueing = false;
    for (const entry of this.#entries.values()) {
      queueing ||= entry.held;
      if (entry.sent || entry.refusal !== null || (queueing && (entry.held || !entry.command))) continue;
      if (this.#send === null || !this.#send({ type: "input", id: entry.id, text: entry.text })) break;
      entry.sent = true;
      sent = true;
    }
    if (sent) this.#changed();
  }

  /** @param {string} id @param {string} text @param {string | null} refusal @returns {Entry} */
  #entry(id, text, refusal) {
    return { id, text, command: isCommand(text), secret: isSecret(text), sent: false, held: false, refusal };
  }

  #changed() {
    const kept = this.entries.filter(({ secret }) => !secret);
    this.#keep.set(NAME, kept.map(({ id, text, refusal }) => ({ id, text, refusal })));
    this.dispatchEvent(new Event("change"));
  }
}
