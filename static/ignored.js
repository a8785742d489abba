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

/** Older events have come to light. @param {Ignored} ignored @param {readonly RoomEvent[]} events oldest first @returns {Ignored} */
export function recalled(ignored, events) {
  const renames = events.filter((event) => event.type === "renamed");
  return renames.length === 0 ? ignored : { ...ignored, renames: [...renames, ...ignored.renames] };
}

/** Whether a message is hidden. @param {Ignored} ignored @param {string} nick its author's then @param {number} seq its own */
export function hides(ignored, nick, seq) {
  if (ignored.nicks.size === 0) return false;
  for (const rename of ignored.renames) if (rename.seq > seq && rename.nick === nick) nick = rename.new_nick;
  return ignored.nicks.has(nick);
}
