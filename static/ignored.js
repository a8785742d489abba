// Whose messages are not shown: the list that the server keeps, and the nicks that people had before.
// Knows nothing about the page or where the list comes from. One who is ignored stays so under another nick, and so do
// the messages from before; so a message belongs to whoever its author is called now.

/** @import {Renamed, RoomEvent} from "./protocol.js" */

/** `renames` are all that are known, oldest first. @typedef {{nicks: ReadonlySet<string>, renames: readonly Renamed[]}} Ignored */

/** @type {Ignored} */
export const nobody = Object.freeze({ nicks: new Set(), renames: [] });

/** The server's list is complete; it replaces what was there. @param {Ignored} ignored @param {readonly string[]} nicks @returns {Ignored} */
export function listed(ignored, nicks) {
  return { ...ignored, nicks: new Set(nicks) };
}

/**
 * Somebody has another nick from now on; the server's list follows in a moment.
 * @param {Ignored} ignored @param {Renamed} event @param {boolean} live @returns {Ignored}
 */
export function renamed(ignored, event, live) {
  const nicks = new Set(ignored.nicks);
  if (live && nicks.delete(event.nick)) nicks.add(event.new_nick);
  return { nicks, renames: [...ignored.renames, event] };
}

/** What happened before the oldest line that is shown concerns none. @param {Ignored} ignored @param {number} oldest its seq @returns {Ignored} */
export function forgotten(ignored, oldest) {
  return { ...ignored, renames: ignored.renames.filter(({ seq }) => seq > oldest) };
}

/** Older events have come to light. @param {Ignored} ignored @param {readonly RoomEvent[]} events oldest first @returns {Ignored} */
export function recalled(ignored, events) {
  const renames = events.filter((event) => event.type === "renamed");
  return renames.length === 0 ? ignored : { ...ignored, renames: [...renames, ...ignored.renames] };
}

/** Whether a message is hidden. @param {Ignored} ignored @param {string} nick its author's then @param {number} seq its own */
export function hides(ignored, nick, seq) {
  if (ignored.nicks.size === 0) return false;
  const later = turns(ignored.renames).get(nick) ?? [];
  let low = 0;
  for (let high = later.length; low < high;) {
    const middle = (low + high) >> 1;
    if (later[middle].seq > seq) low = middle + 1;
    else high = middle;
  }
  return ignored.nicks.has(later[low - 1]?.now ?? nick);
}

/** For each nick, when somebody gave it up and what that one is called now, newest first. @typedef {Map<string, {seq: number, now: string}[]>} Turns */

/** @type {WeakMap<readonly Renamed[], Turns>} */
const known = new WeakMap();

/** @param {readonly Renamed[]} renames @returns {Turns} */
function turns(renames) {
  const found = known.get(renames);
  if (found) return found;
  /** @type {Turns} */
  const made = new Map();
  for (const { seq, nick, new_nick } of [...renames].reverse()) {
    const now = made.get(new_nick)?.at(-1)?.now ?? new_nick;
    const turn = made.get(nick);
    if (turn) turn.push({ seq, now });
    else made.set(nick, [{ seq, now }]);
  }
  known.set(renames, made);
  return made;
}
