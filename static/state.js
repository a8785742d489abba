// What the page knows about the room, and how each message changes it: a pure reducer.
// Knows nothing about the page, sockets, time or storage. The events themselves are not kept here: seqs have no holes,
// so the newest and the oldest shown are enough to tell what is new; the changes say what there is to show.

/** @import {RoomEvent, ServerMessage, Welcome, History} from "./protocol.js" */

/**
 * @typedef {object} State
 * @property {string} nick one's own
 * @property {string | null} session token to come back with
 * @property {string | null} epoch of the log that the seqs below belong to
 * @property {number | null} live events up to this seq are replay; null before the first welcome
 * @property {number | null} newest the cursor: newest seq seen
 * @property {number | null} oldest seq shown
 * @property {boolean} earlier whether there are events before the oldest
 * @property {boolean} asking whether earlier events have been asked for
 * @property {ReadonlySet<string>} people nicks of those who are here
 * @property {readonly string[]} gathering nicks from the parts of `members` so far
 * @property {number} textCharacters how long a message may be
 */

/**
 * @typedef {{kind: "append", event: RoomEvent, live: boolean}
 *   | {kind: "prepend", events: readonly RoomEvent[]}
 *   | {kind: "gap", from: number, to: number}
 *   | {kind: "restarted"}
 *   | {kind: "caught-up"}
 *   | {kind: "people"}
 *   | {kind: "nick"}
 *   | {kind: "renamed-self"}
 *   | {kind: "earlier"}
 *   | {kind: "notice", text: string}
 *   | {kind: "refused", text: string}} Change
 */

/** Things that happen on this side. @typedef {{type: "asked"} | {type: "trimmed", oldest: number} | {type: "ended"}} Local */

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
  people: new Set(),
  gathering: [],
  textCharacters: 4000,
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
      return happened(state, message, ours);
    case "history":
      return remembered(state, message);
    case "gap":
      return skipped(state, message.from, message.to);
    case "notice":
      return [state, message.text === "" ? [] : [{ kind: "notice", text: message.text }]];
    case "refused":
      if (message.id !== undefined) return [state, []];
      return [{ ...state, asking: false }, [{ kind: "refused", text: message.text }, { kind: "earlier" }]];
    case "asked":
      return [{ ...state, asking: true }, [{ kind: "earlier" }]];
    case "trimmed":
      return [{ ...state, oldest: message.oldest, earlier: true }, [{ kind: "earlier" }]];
    case "ended":
      return [{ ...state, session: null }, []];
    default:
      return [state, []];
  }
}

/** @param {State} state @param {Welcome} welcome @returns {[State, Change[]]} */
function welcomed(state, welcome) {
  const anotherLog = state.epoch !== null && state.epoch !== welcome.epoch;
  const place = anotherLog ? { newest: null, oldest: null, earlier: false } : {};
  /** @type {State} */
  const next = {
    ...state,
    ...place,
    nick: welcome.nick,
    session: welcome.session,
    epoch: welcome.epoch,
    live: welcome.live,
    asking: false,
    gathering: [],
    textCharacters: welcome.limits?.text_characters ?? state.textCharacters,
  };
  /** @type {Change[]} */
  const changes = anotherLog ? [{ kind: "restarted" }] : [];
  changes.push({ kind: "nick" }, { kind: "earlier" });
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
  /** @type {Change[]} */
  const changes = [];
  if (hole) changes.push({ kind: "gap", from: Number(state.newest) + 1, to: event.seq - 1 });
  changes.push({ kind: "append", event, live });
  if (state.oldest === null) changes.push({ kind: "earlier" });

  if (live && event.type !== "said") {
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

/** @param {State} state @param {number} from @param {number} to @returns {[State, Change[]]} */
function skipped(state, from, to) {
  if (state.newest !== null && to <= state.newest) return [state, []];
  const next = { ...state, newest: to };
  /** @type {Change[]} */
  const changes = [{ kind: "gap", from, to }];
  if (caughtUp(next) && !caughtUp(state)) changes.push({ kind: "caught-up" });
  return [next, changes];
}

/** @param {State} state @param {History} history @returns {[State, Change[]]} */
function remembered(state, history) {
  const before = state.oldest ?? Infinity;
  const seen = new Set();
  const events = history.events
    .filter(({ seq }) => seq < before && !seen.has(seq) && seen.add(seq))
    .sort((a, b) => a.seq - b.seq);
  const oldest = events.length > 0 ? events[0].seq : state.oldest;
  const next = { ...state, asking: false, earlier: history.more, oldest };
  return [next, [{ kind: "prepend", events }, { kind: "earlier" }]];
}
