// The page: puts its parts together and shows them what concerns them, once a frame.
// Knows nothing about sockets and storage; what a person does goes out through the actions.

import { find, perFrame, translate } from "./view/dom.js";
import { Away, watchPresence } from "./view/away.js";
import { Composer } from "./view/composer.js";
import { Invitation, Rename, SettingsDialog, Shortcuts } from "./view/dialogs.js";
import { Before } from "./view/ends.js";
import { Entrance } from "./view/entrance.js";
import { Finder } from "./view/finder.js";
import { Log } from "./view/log.js";
import { Pending } from "./view/pending.js";
import { NickMenu, People } from "./view/people.js";
import { StatusBar } from "./view/status.js";

/** @import {RoomEvent} from "./protocol.js" */
/** @import {Sent, Settings} from "./memory.js" */
/** @import {Change, State} from "./state.js" */
/** @import {Status} from "./connection.js" */
/** @import {Entry} from "./outbox.js" */
/** @import {Words} from "./language.js" */
/** @import {LogActions} from "./view/log.js" */
/** @import {PendingActions} from "./view/pending.js" */
/** @import {ComposerActions} from "./view/composer.js" */
/** @import {StatusActions} from "./view/status.js" */

/**
 * @typedef {LogActions & PendingActions & ComposerActions & StatusActions & {
 *   whose(nick: string): "own" | "ignored" | "other", command(text: string): void,
 *   join(nick: string, password: string): void, leave(): void, rename(nick: string): void, giveUp(): void}} Actions
 */
/** @typedef {{nick: string, draft: string, sent: Sent, command: string, address: string}} Filled what stands in the fields at first */

export class View {
  /** What the next frame has to show. @type {{state: State, people: boolean, entries: readonly Entry[] | null} | null} */
  #due = null;
  /** What waits to be said, as it was last shown. @type {readonly Entry[]} */
  #entries = [];
  #inRoom = false;
  #soon = perFrame(() => this.#draw());
  #parts;

  /** @param {Words} words @param {Actions} actions @param {Filled} filled @param {Settings} settings */
  constructor(words, actions, filled, settings) {
    translate(words);
    const before = new Before(words);
    const log = new Log(words, actions, () => this.#parts.finder.take());
    this.#parts = {
      entrance: new Entrance(words, actions, filled),
      status: new StatusBar(words, actions),
      log,
      finder: new Finder(words, log, before, actions),
      pending: new Pending(words, actions),
      people: new People(words),
      composer: new Composer(words, actions, filled.draft, filled.sent),
      rename: new Rename(words, actions),
      menu: new NickMenu(words, {
        whose: (nick) => actions.whose(nick),
        mention: (nick) => this.#parts.composer.mention(nick),
        ignore: (nick, ignore) => actions.command(`/${ignore ? "ignore" : "unignore"} ${nick}`),
        rename: () => this.#parts.rename.open(),
      }),
      away: new Away(settings),
      before,
      settings: new SettingsDialog(words, settings),
      shortcuts: new Shortcuts(words, settings, () => this.toBottom()),
      invitation: new Invitation(words, filled),
    };
    watchPresence((here) => {
      this.#parts.log.look(here);
      this.#parts.away.look(here);
    });
    addEventListener("keydown", (event) => this.#key(event));
    find("leave", HTMLButtonElement).addEventListener("click", () => actions.leave());
  }

  get rename() {
    return this.#parts.rename;
  }

  /** Forgets the room's password. */
  forget() {
    this.#parts.entrance.forget();
  }

  /** @param {boolean} focus whether a person asked for it just now */
  showRoom(focus) {
    if (this.#inRoom) return;
    this.#inRoom = true;
    this.#swap();
    this.#parts.log.toBottom();
    if (focus) this.#parts.composer.focus();
  }

  /** @param {string} reason why one is here again */
  showEntrance(reason) {
    this.#inRoom = false;
    this.#swap();
    this.#parts.entrance.refuse(reason);
    this.#parts.entrance.focus();
  }

  /** One can't enter without the room's password. @param {string} reason why the one that was given is not it; empty if none was */
  askPassword(reason) {
    this.#inRoom = false;
    this.#swap();
    this.#parts.entrance.askPassword(reason);
  }

  /** @param {Status} status @param {string} why it ended, where the server said so to a person */
  showStatus(status, why) {
    this.#parts.status.show(status, this.#inRoom, why);
    this.#parts.people.stale(status.state !== "connected");
    if (status.state !== "connected") this.#parts.log.quiet();
  }

  /** @param {readonly Change[]} changes @param {State} state */
  showChanges(changes, state) {
    const due = this.#later(state);
    if (changes.some(({ kind }) => kind === "people" || kind === "nick" || kind === "ignoring")) due.people = true;
    if (changes.some(({ kind }) => kind === "earlier" || kind === "caught-up")) this.#parts.log.showEarlier(state);
    for (const change of changes) {
      if (change.kind !== "append" || change.event.type !== "renamed" || !change.live) continue;
      this.#parts.people.rename(change.event.nick, change.event.new_nick);
      this.#parts.menu.renamed(change.event.nick);
    }
    if (changes.some(({ kind }) => kind === "nick")) due.entries ??= this.#entries;
    this.#parts.log.setSelf(state.nick);
    this.#parts.log.take(changes);
    this.#parts.away.take(changes, state);
  }

  /** What was shown before a reload, until the room itself can be had; none takes it away. @param {readonly RoomEvent[]} events */
  showBefore(events) {
    if (this.#parts.before.show(events)) this.#parts.log.toBottom();
  }

  /** @param {readonly Entry[]} entries @param {number} waiting @param {State} state */
  showPending(entries, waiting, state) {
    this.#later(state).entries = this.#entries = entries;
    this.#parts.status.showWaiting(waiting);
  }

  /** How far the conversation was seen at an earlier visit. @param {number | null} seq */
  resume(seq) {
    this.#parts.log.resume(seq);
  }

  /** One's own message is what one wants to see next. */
  toBottom() {
    this.#parts.log.toBottom();
  }

  /** @param {string} text */
  edit(text) {
    this.#parts.composer.put(text);
  }

  /** @param {State} state */
  #later(state) {
    this.#due = { people: false, entries: null, ...this.#due, state };
    this.#soon();
    return this.#due;
  }

  #draw() {
    const due = this.#due;
    this.#due = null;
    if (due === null) return;
    if (due.people) {
      this.#parts.people.show(due.state.people, due.state.nick, due.state.ignored.nicks);
      this.#parts.rename.show(due.state.nick);
      this.#parts.entrance.show(due.state.nick);
    }
    if (due.entries !== null) this.#parts.pending.show(due.entries, due.state.nick);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (!this.#inRoom || event.code !== "KeyF" || !event.shiftKey || !(event.ctrlKey || event.metaKey) || event.altKey) return;
    if (document.querySelector("dialog[open]")) return;
    event.preventDefault();
    this.#parts.finder.open();
  }

  #swap() {
    this.#parts.rename.done();
    if (!this.#inRoom) {
      this.#parts.finder.close();
      this.#parts.composer.close();
    }
    find("entrance", HTMLElement).hidden = this.#inRoom;
    find("room", HTMLElement).hidden = !this.#inRoom;
    find("self", HTMLElement).hidden = !this.#inRoom;
    find("invite", HTMLElement).hidden = !this.#inRoom;
    find("find", HTMLElement).hidden = !this.#inRoom;
  }
}
