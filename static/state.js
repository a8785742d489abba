// What the page knows about the room, and how each message changes it: a pure reducer.
// Knows nothing about the page, sockets, time or storage. The events themselves are not kept here: seqs have no holes,
// so the newest and the oldest shown are enough to tell what is new; the changes say what there is to show.

import { readCommands } from "./protocol.js";
import { forgotten, listed, nobody, recalled, renamed } from "./ignored.js";

/** @import {Cleared, RoomEvent, ServerMessage, Welcome, History, Gap} from "./protocol.js" */
/** @import {Command} from "./protocol.js" */
/** @import {Ignored} from "./ignored.js" */

/**
 * @typedef {object} State
 * @property {string} nick one's own
 * @property {string | null} session token to come back with
 * @property {string | null} epoch of the log that the seqs below belong to
 * @property {number | null} live events up to this seq are replay; null before the first welcome
 * @property {number | null} newest the cursor: newest seq seen
 * @property {number | null} oldest seq shown
 * @property {boolean} earlier whether there may be events before the oldest
 * @property {boolean} asking whether earlier events have been asked for
 * @property {boolean} refused whether they were refused when last asked for
 * @property {ReadonlySet<string>} people nicks of those who are here
 * @property {readonly string[]} gathering nicks from the parts of `members` so far
 * @property {number} textCharacters how long a message may be
 * @property {number} textLines how many lines it may have
 * @property {readonly Command[]} commands what may be typed besides messages
 * @property {ReadonlySet<number>} removed seqs of messages that are known to have been removed
 * @property {Ignored} ignored whose messages are hidden
 */

/**
 * @typedef {{kind: "append", event: RoomEvent, live: boolean}
 *   | {kind: "prepend", items: readonly (RoomEvent | Missing)[]}
 *   | {kind: "gap", from: number, to: number}
 *   | {kind: "resync"}
 *   | {kind: "restarted", remark?: boolean}
 *   | {kind: "caught-up"}
 *   | {kind: "people"}
 *   | {kind: "nick"}
 *   | {kind: "renamed-self"}
 *   | {kind: "earlier"}
 *   | {kind: "ignoring", ignored: Ignored}
 *   | {kind: "notice", text: string}
 *   | {kind: "refused", text: string}} Change
 */

/** A hole in the log, as it stands among events. @typedef {Pick<Gap, "type" | "from" | "to">} Missing */

/**
 * Things that happen on this side: earlier events were asked for, the oldest are no longer shown, the connection is
 * gone, the session is over, the person has left.
 * @typedef {{type: "asked"} | {type: "trimmed", oldest: number} | {type: "lost"} | {type: "ended"} | {type: "left-for-good"}} Local
 */

/** @typedef {{nick: string, session: string | null, epoch: string, after: number}} Remembered */

/** How much is shown again after a reload. */
export const REPLAY_AFTER_RELOAD = 100;

/** @type {State} */
export const initial = Object.freeze({
  nick: "",
  session: null,
  epoch: null,
  live: null,
  newest: null,
  oldest: null,
  earlier: false,
  asking: false,
  refused: false,
  people: new Set(),
  gathering: [],
  textCharacters: 4000,
  textLines: 200,
  commands: [],
  removed: new Set(),
  ignored: nobody,
});

/** The state of a page that was reloaded. @param {Remembered} remembered @returns {State} */
export function restore({ nick, session, epoch, after }) {
  return { ...initial, nick, session, epoch, newest: Math.max(0, after - REPLAY_AFTER_RELOAD) };
}

/** Whether the replay is over. @param {State} state */
export function caughtUp(state) {
  return state.live !== null && (state.newest ?? 0) >= state.live;
}

/**
 * @param {State} state
 * @param {ServerMessage | Local} message
 * @param {boolean} [ours] whether it answers something that waits in the outbox
 * @returns {[State, Change[]]}
 */
export function reduce(state, message, ours = false) {
  switch (message.type) {
    case "welcome":
      return welcomed(state, message);
    case "members": {
      const gathering = [...state.gathering, ...message.nicks];
      if (message.more) return [{ ...state, gathering }, []];
      return [{ ...state, gathering: [], people: new Set(gathering) }, [{ kind: "people" }]];
    }
    case "joined":
    case "left":
    case "renamed":
    case "said":
    case "cleared":
      return happened(state, message, ours);
    case "history":
      return remembered(state, message);
    case "gap":
      return skipped(state, message.from, message.to);
    case "ignoring": {
      const ignored = listed(state.ignored, message.nicks);
      return [{ ...state, ignored }, [{ kind: "ignoring", ignored }]];
    }
    case "notice":
      return [state, message.text === "" ? [] : [{ kind: "notice", text: message.text }]];
    case "refused":
      if (message.id !== undefined) return [state, []];
      return [
        { ...state, asking: false, refused: state.asking },
        [{ kind: "refused", text: message.text }, { kind: "earlier" }],
      ];
    case "asked":
      return [{ ...state, asking: true }, [{ kind: "earlier" }]];
    case "trimmed":
      return [
        { ...state, oldest: message.oldest, earlier: true, ignored: forgotten(state.ignored, message.oldest) },
        [{ kind: "earlier" }],
      ];
    case "lost":
      return [{ ...state, asking: false }, [{ kind: "earlier" }]];
    case "ended":
      return [{ ...state, session: null }, []];
    case "left-for-good":
      return [initial, [
        { kind: "restarted" }, { kind: "ignoring", ignored: nobody }, { kind: "people" }, { kind: "earlier" },
      ]];
    default:
      return [state, []];
  }
}

/**
 * A log that ends before what one has seen of it has lost its end (a power cut does that), and its seqs now mean
 * something else: it is another log.
 * @param {State} state @param {Welcome} welcome @returns {[State, Change[]]}
 */
function welcomed(state, welcome) {
  const anotherLog = state.epoch !== null && (state.epoch !== welcome.epoch || welcome.live < (state.newest ?? 0));
  const place = anotherLog ? { newest: null, oldest: null, earlier: false, removed: initial.removed } : {};
  /** @type {State} */
  const next = {
    ...state,
    ...place,
    nick: welcome.nick,
    session: welcome.session,
    epoch: welcome.epoch,
    live: welcome.live,
    asking: false,
    refused: false,
    gathering: [],
    ignored: anotherLog ? nobody : listed(state.ignored, []),
    textCharacters: welcome.limits?.text_characters ?? state.textCharacters,
    textLines: welcome.limits?.text_lines ?? state.textLines,
    commands: readCommands(welcome.commands),
  };
  /** @type {Change[]} */
  const changes = anotherLog ? [{ kind: "restarted", remark: true }] : [];
  changes.push({ kind: "nick" }, { kind: "earlier" });
  if (state.ignored.nicks.size > 0) changes.push({ kind: "ignoring", ignored: next.ignored });
  if (welcome.resumed && state.nick !== "" && state.nick !== welcome.nick) changes.push({ kind: "renamed-self" });
  if (caughtUp(next)) changes.push({ kind: "caught-up" });
  return [next, changes];
}

/**
 * One's own message that was already in the log is answered out of turn: it acknowledges, and is shown when its
 * turn comes. Anything else that leaves a hole makes the hole visible.
 * @param {State} state @param {RoomEvent} event @param {boolean} ours @returns {[State, Change[]]}
 */
function happened(state, event, ours) {
  if (state.newest !== null && event.seq <= state.newest) return [state, []];
  const hole = state.newest !== null && event.seq > state.newest + 1;
  if (hole && ours) return [state, []];

  const live = event.seq > (state.live ?? 0);
  const oldest = state.oldest ?? event.seq;
  /** @type {State} */
  const next = { ...state, newest: event.seq, oldest, earlier: state.oldest === null ? oldest > 1 : state.earlier };
  if (event.type === "cleared") next.removed = withRemoved(state.removed, [event]);
  /** @type {Change[]} */
  const changes = [];
  if (hole) changes.push({ kind: "gap", from: Number(state.newest) + 1, to: event.seq - 1 });
  if (event.type === "renamed") {
    next.ignored = renamed(state.ignored, event, live);
    const { nicks } = next.ignored;
    if (nicks.has(event.nick) || nicks.has(event.new_nick)) changes.push({ kind: "ignoring", ignored: next.ignored });
  }
  changes.push({ kind: "append", event: redacted(event, next.removed), live });
  if (state.oldest === null) changes.push({ kind: "earlier" });

  if (live && event.type !== "said" && event.type !== "cleared") {
    const people = new Set(state.people);
    if (event.type === "joined") people.add(event.nick);
    else people.delete(event.nick);
    if (event.type === "renamed") {
      people.add(event.new_nick);
      if (event.nick === state.nick) {
        next.nick = event.new_nick;
        changes.push({ kind: "nick" }, { kind: "renamed-self" });
      }
    }
    next.people = people;
    changes.push({ kind: "people" });
  }
  if (caughtUp(next) && !caughtUp(state)) changes.push({ kind: "caught-up" });
  return [next, changes];
}

/**
 * One who sees the room for the first time misses nothing by it. In the midst of live events it may have swallowed
 * somebody's coming and going, so who is here has to be asked anew.
 * @param {State} state @param {number} from @param {number} to @returns {[State, Change[]]}
 */
function skipped(state, from, to) {
  if (state.newest !== null && to <= state.newest) return [state, []];
  const next = { ...state, newest: to };
  /** @type {Change[]} */
  const changes = state.newest === null ? [] : [{ kind: "gap", from: Math.max(from, state.newest + 1), to }];
  if (to > (state.live ?? 0)) changes.push({ kind: "resync" });
  if (caughtUp(next) && !caughtUp(state)) changes.push({ kind: "caught-up" });
  return [next, changes];
}

/**
 * The answer to what was asked, or to a `/history` that somebody typed: then it starts at the newest event, and may
 * hold nothing that is not shown already.
 * @param {State} state @param {History} history @returns {[State, Change[]]}
 */
function remembered(state, history) {
  const before = state.oldest ?? Infinity;
  const seqs = new Set();
  const events = history.events
    .filter(({ seq }) => seq < before && !seqs.has(seq) && seqs.add(seq))
    .sort((a, b) => a.seq - b.seq);
  if (events.length === 0 && history.events.length > 0) return [state, []];

  const removed = withRemoved(state.removed, events);
  const ignored = recalled(state.ignored, events);
  /** @type {(RoomEvent | Missing)[]} */
  const items = [];
  for (const [index, event] of events.entries()) {
    const following = events[index + 1]?.seq ?? state.oldest ?? event.seq + 1;
    items.push(redacted(event, removed));
    if (following > event.seq + 1) items.push({ type: "gap", from: event.seq + 1, to: following - 1 });
  }
  const oldest = events[0]?.seq ?? state.oldest;
  const next = { ...state, asking: false, refused: false, earlier: history.more, oldest, removed };
  /** @type {Change[]} */
  const changes = [{ kind: "prepend", items }, { kind: "earlier" }];
  if (ignored === state.ignored) return [next, changes];
  return [{ ...next, ignored }, [{ kind: "ignoring", ignored }, ...changes]];
}

/** @param {ReadonlySet<number>} removed @param {readonly RoomEvent[]} events @returns {ReadonlySet<number>} */
function withRemoved(removed, events) {
  const cleared = /** @type {Cleared[]} */ (events.filter(({ type }) => type === "cleared"));
  return cleared.length === 0 ? removed : new Set([...removed, ...cleared.flatMap(({ seqs }) => seqs)]);
}

/** An answer that was on its way already may still hold what has been removed. @param {RoomEvent} event @param {ReadonlySet<number>} removed */
function redacted(event, removed) {
  return event.type === "said" && removed.has(event.seq) ? { ...event, text: "" } : event;
}

/** What was kept over a reload, if it is whole. @param {unknown} kept @returns {Remembered | null} */
export function readRemembered(kept) {
  const value = /** @type {Partial<Remembered> | null} */ (kept);
  if (typeof value?.nick !== "string" || typeof value.session !== "string") return null;
  if (typeof value.epoch !== "string" || !Number.isSafeInteger(value.after)) return null;
  return /** @type {Remembered} */ (value);
}
