// Wires the parts together: what comes from the connection goes to the outbox and the store, what they say goes to the
// view, and what a person does goes back. Knows nothing about how any of them does its work.

import { Connection } from "./connection.js";
import { Keep } from "./storage.js";
import { Outbox } from "./outbox.js";
import { Memory, Seen, Sent, Settings } from "./memory.js";
import { Store } from "./store.js";
import { View } from "./view.js";
import { isSecret } from "./protocol.js";
import { caughtUp, initial, restore } from "./state.js";
import { choose, load, offered } from "./language.js";
import { socketAddress, textPort } from "./address.js";
import { terminalCommand } from "./view/entrance.js";

/** @import {Join, Refused, ServerMessage} from "./protocol.js" */
/** @import {Change} from "./state.js" */

const EARLIER_EVENTS = 200;
const KICKED = 4500;
const BANNED = 4501;
const QUIT = 4506;
const SERVER_FAILED = 4507;
const LOCKED = 4508;
/** Ends that the server gives the reason of in words for a person. */
const WORDED = new Set([KICKED, BANNED, LOCKED]);
/** Refusals to let one in that time may mend. */
const PASSING = new Set(["not-stored", "not-readable", "connections", "join-timeout"]);
/** Refusals that the server closes the connection after. */
const LAST = new Set(["attempts", "banned", "joins", "locked"]);

const loading = load(choose(navigator.languages, offered()));
const words = loading instanceof Promise ? await loading : loading; // English is here, and nothing has to wait for it
const forGood = new Keep(() => localStorage);
const forReload = new Keep(() => sessionStorage);

const memory = new Memory(forReload);
const remembered = memory.session;
const store = new Store(remembered ? restore(remembered) : initial);
const seen = new Seen(forGood);
const outbox = new Outbox(forReload);
const sent = new Sent(forReload);
const connection = new Connection(socketAddress(), greeting);

/** The nick to ask for; the server may give another. */
let wantedNick = remembered?.nick ?? "";
/** The room's, as far as the person has told; kept nowhere else. */
let password = "";
/** Why the server does not let one in this time, where the end of the connection is to follow. */
let refusal = "";
/** Whether one is in the room, or was until the connection went. */
let inside = remembered !== null;
/** The id of the command that the rename dialog waits for. @type {string | null} */
let renaming = null;
/** Whether the outbox may send: the replay is over, so an answer can't come before its turn. */
let attached = false;

const view = new View(words, {
  join,
  leave,
  joinAgain: () => connection.start(),
  reconnectNow: () => connection.retry(),
  retry: (id) => outbox.retry(id),
  edit(id) {
    const entry = outbox.entries.find((candidate) => candidate.id === id);
    if (!entry) return;
    view.edit(entry.text);
    outbox.remove(id);
  },
  discard: (id) => outbox.remove(id),
  queue(text) {
    outbox.add(text);
    view.toBottom();
  },
  command: (text) => void outbox.add(text),
  whose(nick) {
    if (nick === store.state.nick) return "own";
    return store.state.ignored.nicks.has(nick) ? "ignored" : "other";
  },
  keepDraft: (text) => forReload.set("draft", isSecret(text) ? "" : text),
  limits: () => ({ characters: store.state.textCharacters, lines: store.state.textLines }),
  known: () => store.state,
  askEarlier() {
    const { oldest, earlier, asking } = store.state;
    if (asking || oldest === null || !earlier || !caughtUp(store.state)) return asking;
    const sent = connection.send({ type: "history", before: oldest, limit: EARLIER_EVENTS });
    if (sent) store.take({ type: "asked" });
    return sent;
  },
  trimmed: (oldest) => store.take({ type: "trimmed", oldest }),
  seen(seq) {
    if (store.state.epoch !== null) seen.mark(store.state.epoch, seq);
  },
  rename(nick) {
    if (renaming !== null) outbox.remove(renaming);
    renaming = outbox.add(`/nickname ${nick}`).id;
  },
  giveUp() {
    if (renaming === null) return;
    outbox.remove(renaming);
    renaming = null;
  },
}, {
  nick: new URLSearchParams(location.search).get("nick") ?? forGood.text("nick"),
  draft: forReload.text("draft"),
  sent,
  command: terminalCommand(location.hostname, textPort()),
  address: location.origin + location.pathname,
}, new Settings(forGood));

connection.addEventListener("status", () => {
  const { status } = connection;
  if (status.state === "ended" && status.code === SERVER_FAILED) outbox.suspect(words.suspected);
  if (status.state !== "connected" && attached) {
    attached = false;
    outbox.detach();
    store.take({ type: "lost" });
  }
  if (status.state === "ended") ended(status.code);
  if (status.state === "reconnecting" && inside && store.state.live === null) view.showBefore(memory.events);
  view.showStatus(status, status.state === "ended" ? refusal || (WORDED.has(status.code) ? status.reason : "") : "");
});

connection.addEventListener("messages", (event) => {
  const messages = /** @type {CustomEvent<ServerMessage[]>} */ (event).detail;
  if (!messages.some(({ type }) => type === "welcome") && connection.status.state !== "connected") {
    for (const message of messages) if (message.type === "refused") turnedAway(message);
    return;
  }
  store.takeAll(messages, (message) => "id" in message && outbox.has(message.id));
  for (const message of messages) answered(message);
});

store.addEventListener("change", (event) => {
  const changes = /** @type {CustomEvent<Change[]>} */ (event).detail;
  view.showChanges(changes, store.state);
  memory.take(changes);
  if (changes.some(({ kind }) => kind === "renamed-self")) {
    wantedNick = store.state.nick;
    forGood.set("nick", wantedNick);
  }
  if (changes.some(({ kind }) => kind === "resync")) connection.start();
  memory.soon(remember);
});

outbox.addEventListener("change", showOutbox);

addEventListener("online", () => connection.wake());
addEventListener("offline", () => connection.doubt());
addEventListener("focus", () => connection.wake());
addEventListener("pageshow", (event) => {
  if (event.persisted) connection.wake();
});
document.addEventListener("resume", () => connection.wake());
document.addEventListener("visibilitychange", () => {
  if (document.hidden) remember();
  else connection.wake();
});
addEventListener("pagehide", remember);

showOutbox();
if (isSecureContext) void navigator.serviceWorker?.register("sw.js").catch(() => undefined);
if (inside) {
  view.rename.show(store.state.nick);
  view.showRoom(false);
  connection.start();
}

/** @param {string} nick @param {string} given the password */
function join(nick, given) {
  if (store.state.nick !== nick && store.state.nick !== "") store.take({ type: "left-for-good" }); // somebody else
  wantedNick = nick;
  password = given;
  forGood.set("nick", nick);
  connection.start();
}

function leave() {
  if (connection.status.state === "connected") {
    outbox.add("/quit");
    return;
  }
  connection.stop();
  outbox.removeCommands();
  outbox.refuseAll(words.ended_4506);
  gone();
  store.take({ type: "left-for-good" });
  password = "";
  inside = false;
  view.showEntrance("");
  view.forget();
}

/** @returns {Join} */
function greeting() {
  refusal = "";
  const { session, epoch, newest } = store.state;
  /** @type {Join} */
  const message = { type: "join", nick: wantedNick, lang: words.code };
  if (password !== "") message.password = password;
  if (session !== null) message.session = session;
  if (epoch !== null && newest !== null) Object.assign(message, { epoch, after: newest });
  return message;
}

/** @param {ServerMessage} message */
function answered(message) {
  switch (message.type) {
    case "welcome":
      if (inside && message.nick !== wantedNick) { // what was typed under one nick is not said under another unasked
        const reason = words.renamed.replace("{nick}", () => wantedNick).replace("{new_nick}", () => message.nick);
        const text = words.refused.replace("{reason}", () => reason);
        if (outbox.refuseAll(reason)) view.showChanges([{ kind: "refused", text }], store.state);
      }
      wantedNick = message.nick;
      view.resume(seen.of(message.epoch));
      view.showBefore([]);
      view.showRoom(!inside);
      inside = true;
      remember();
      break;
    case "said":
      outbox.remove(message.id);
      break;
    case "notice":
      if (message.id !== undefined && message.id === renaming) view.rename.done();
      outbox.remove(message.id);
      break;
    case "refused":
      if (message.id !== undefined && message.id === renaming && message.code !== "not-stored") {
        renaming = null;
        outbox.remove(message.id);
        view.rename.refuse(message.text);
      } else if (outbox.isSecret(message.id)) {
        outbox.remove(message.id);
        view.showChanges([{ kind: "refused", text: message.text }], store.state);
      } else if (message.id !== undefined) {
        outbox.refuse(message.id, message.code, message.text);
      }
      break;
  }
  if (caughtUp(store.state) && !attached && connection.status.state === "connected") {
    attached = true;
    outbox.attach((input) => connection.send(input));
  }
}

/**
 * The server does not let one in. What time may mend is left to the connection, which tries again or is told to stay away.
 * One who was inside keeps what there is to read when the end follows by itself.
 * @param {Refused} refused
 */
function turnedAway({ code, text }) {
  if (PASSING.has(code)) return;
  if (inside && LAST.has(code)) {
    refusal = text;
    return;
  }
  const tried = password !== "";
  connection.stop();
  outbox.removeCommands();
  if (inside) outbox.refuseAll(text);
  gone();
  inside = false;
  if (code === "password") {
    password = "";
    view.askPassword(tried ? text : "");
  } else {
    view.showEntrance(text);
  }
}

/**
 * The session outlives an end that does not concern it, so that one can come back to it: out of another tab, too.
 * @param {number} code
 */
function ended(code) {
  outbox.removeCommands();
  if (renaming !== null) view.rename.done();
  if (code === KICKED || code === BANNED) outbox.refuseAll(words.sent_away);
  if (code === QUIT) outbox.refuseAll(words.ended_4506);
  if (code === QUIT || code === KICKED || code === BANNED) gone();
}

/** Forgets the session; the place in the log stays, so that one who comes back sees what was missed. */
function gone() {
  store.take({ type: "ended" });
  memory.forget();
  sent.forget();
  view.showBefore([]);
}

function showOutbox() {
  view.showPending(outbox.entries, outbox.waiting, store.state);
}

function remember() {
  if (inside) memory.save(store.state);
}
