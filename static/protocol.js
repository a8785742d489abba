// The messages of the JSON door: their shapes, and the way from text to message and back.
// Knows nothing about sockets, the page, or what the messages are good for.

/** @typedef {{text_characters?: number, text_lines?: number, nick_characters?: number}} Limits */

/** @typedef {{type: "joined", room: string, seq: number, ts: number, nick: string}} Joined */
/** @typedef {{type: "left", room: string, seq: number, ts: number, nick: string, reason?: string}} Left */
/** @typedef {{type: "renamed", room: string, seq: number, ts: number, nick: string, new_nick: string}} Renamed */
/** @typedef {{type: "said", room: string, seq: number, ts: number, nick: string, text: string, id?: string}} Said */
/** @typedef {{type: "cleared", room: string, seq: number, ts: number, nick: string, by: string, seqs: number[]}} Cleared */
/** @typedef {Joined | Left | Renamed | Said | Cleared} RoomEvent */

/**
 * @typedef {{type: "welcome", nick: string, session: string, room: string, epoch: string, live: number,
 *   resumed: boolean, lang?: string, limits?: Limits, commands?: unknown}} Welcome
 */
/** @typedef {{type: "members", room: string, nicks: string[], more?: boolean}} Members */
/** @typedef {{type: "history", room: string, events: RoomEvent[], more: boolean}} History */
/** @typedef {{type: "notice", code: string, text: string, id?: string}} Notice */
/** @typedef {{type: "refused", code: string, text: string, id?: string}} Refused */
/** @typedef {{type: "ignoring", nicks: string[]}} Ignoring */
/** @typedef {{type: "gap", room: string, from: number, to: number}} Gap */
/** @typedef {{type: "pong", id?: string}} Pong */
/** @typedef {{type: "bye", code: number, reason?: string}} Bye */
/** @typedef {Welcome | Members | RoomEvent | History | Notice | Refused | Ignoring | Gap | Pong | Bye} ServerMessage */

/**
 * @typedef {{type: "join", nick: string, lang: string, password?: string, session?: string, epoch?: string,
 *   after?: number}} Join
 */
/** @typedef {{type: "input", text: string, id?: string}} Input */
/** @typedef {{type: "history", before: number, limit: number}} AskHistory */
/** @typedef {{type: "ping", id?: string}} Ping */
/** @typedef {Join | Input | AskHistory | Ping} ClientMessage */

export const SUBPROTOCOL = "parley.v1";

const LATEST_DATE = 8.64e15;

/** Each kind of field, and what a value must be to be of that kind. @type {Record<string, (value: unknown) => boolean>} */
const kinds = {
  string: (value) => typeof value === "string",
  boolean: (value) => typeof value === "boolean",
  seq: (value) => typeof value === "number" && Number.isSafeInteger(value) && value >= 0,
  time: (value) => typeof value === "number" && Math.abs(value) <= LATEST_DATE,
  number: (value) => typeof value === "number",
  seqs: (value) => Array.isArray(value) && value.every((item) => kinds.seq(item)),
  strings: (value) => Array.isArray(value) && value.every((item) => typeof item === "string"),
  events: (value) => Array.isArray(value),
  object: (value) => typeof value === "object" && value !== null,
};

/** The fields of each type; a question mark says that the field may be missing. @type {Record<string, Record<string, string>>} */
const shapes = {
  welcome: {
    nick: "string", session: "string", room: "string", epoch: "string", live: "seq",
    resumed: "boolean", lang: "string?", limits: "object?",
  },
  members: { room: "string", nicks: "strings", more: "boolean?" },
  joined: { room: "string", seq: "seq", ts: "time", nick: "string" },
  left: { room: "string", seq: "seq", ts: "time", nick: "string", reason: "string?" },
  renamed: { room: "string", seq: "seq", ts: "time", nick: "string", new_nick: "string" },
  said: { room: "string", seq: "seq", ts: "time", nick: "string", text: "string", id: "string?" },
  cleared: { room: "string", seq: "seq", ts: "time", nick: "string", by: "string", seqs: "seqs" },
  history: { room: "string", events: "events", more: "boolean" },
  notice: { code: "string", text: "string", id: "string?" },
  refused: { code: "string", text: "string", id: "string?" },
  ignoring: { nicks: "strings" },
  gap: { room: "string", from: "seq", to: "seq" },
  pong: { id: "string?" },
  bye: { code: "number", reason: "string?" },
};

const eventTypes = new Set(["joined", "left", "renamed", "said", "cleared"]);

/** @param {ServerMessage} message @returns {message is RoomEvent} */
export function isEvent(message) {
  return eventTypes.has(message.type);
}

/**
 * A message, or null where it is of an unknown type or lacks what its type needs. Unknown fields do no harm.
 * @param {unknown} value @returns {ServerMessage | null}
 */
export function read(value) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  const fields = /** @type {Record<string, unknown>} */ (value);
  const type = fields.type;
  if (typeof type !== "string" || !Object.hasOwn(shapes, type)) return null;
  for (const [name, kind] of Object.entries(shapes[type])) {
    const optional = kind.endsWith("?");
    const given = fields[name];
    if (optional && (given === undefined || given === null)) continue;
    if (!kinds[optional ? kind.slice(0, -1) : kind](given)) return null;
  }
  const message = /** @type {ServerMessage} */ (value);
  if (message.type !== "history") return message;
  const events = /** @type {RoomEvent[]} */ (message.events.map(read).filter((item) => item !== null && isEvent(item)));
  return { ...message, events };
}

/**
 * All messages of one frame, which holds one JSON object a line. What can't be read is left out: if it was an
 * event, the hole in the seqs shows it.
 * @param {string} frame @returns {ServerMessage[]}
 */
export function decode(frame) {
  /** @type {ServerMessage[]} */
  const messages = [];
  for (const line of frame.split("\n")) {
    if (line.trim() === "") continue;
    let value;
    try {
      value = JSON.parse(line);
    } catch {
      continue;
    }
    const message = read(value);
    if (message !== null) messages.push(message);
  }
  return messages;
}

/** @param {ClientMessage} message @returns {string} */
export function encode(message) {
  return JSON.stringify(message);
}

/** Characters as the server counts them: code points, not UTF-16 units. @param {string} text @returns {number} */
export function countCharacters(text) {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/**
 * Whether the server will take this line as a command; `//word` is said as `/word`. What can't be seen is taken off before
 * it looks, and blanks of a single line. @param {string} text
 */
export function isCommand(text) {
  const visible = text.trimEnd().replace(/(?![\n\r\v\f\x85])\p{C}/gu, "");
  const line = /[\n\r\v\f\x85\u2028\u2029]/.test(visible) ? visible : visible.trimStart();
  return line.startsWith("/") && !line.startsWith("//");
}

/**
 * Whether this line holds a password, which is nobody else's business. The server takes blanks and what can't be seen off
 * before it looks. @param {string} text
 */
export function isSecret(text) {
  return /^[\s\p{C}\p{Z}\p{M}]*\/[\p{C}\p{M}]*o[\p{C}\p{M}]*p[\p{C}\p{M}]*e[\p{C}\p{M}]*r/iu.test(text);
}

/** Whether an event is a message of which only its place is left: an operator has removed the text. @param {RoomEvent} event */
export function isRemoved(event) {
  return event.type === "said" && event.text === "";
}

/**
 * @typedef {object} Command
 * @property {string} name without the slash
 * @property {string} usage with the slash, and what goes after it
 * @property {string} help
 * @property {readonly string[]} aliases
 * @property {boolean} operator whether only operators may use it
 */

/** What can be read of a list; another server may have none. @param {unknown} value @returns {Command[]} */
export function readCommands(value) {
  if (!Array.isArray(value)) return [];
  return value.flatMap((/** @type {Partial<Command> | null} */ each) => {
    if (typeof each?.name !== "string" || typeof each.usage !== "string" || typeof each.help !== "string") return [];
    const aliases = Array.isArray(each.aliases) ? each.aliases.filter((alias) => typeof alias === "string") : [];
    return [{ name: each.name, usage: each.usage, help: each.help, aliases, operator: each.operator === true }];
  });
}

/**
 * The id of an input or a ping: a random UUID. `crypto.randomUUID` is missing on a page that came over plain http.
 * @param {Pick<Crypto, "getRandomValues"> & {randomUUID?: () => string}} source @returns {string}
 */
export function newIdentifier(source = crypto) {
  if (typeof source.randomUUID === "function") return source.randomUUID();
  const bytes = source.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
