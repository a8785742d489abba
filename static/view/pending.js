// The end of the conversation: what has been typed and is not in the log yet, or was refused.
// Knows nothing about sending; it shows the entries of the outbox and says which button was pressed.

import { find, hide, make, makeButton, rest } from "./dom.js";
import { makeNick, makeText } from "./line.js";

/** @import {Entry} from "../outbox.js" */
/** @import {Words} from "../language.js" */

/** @typedef {{retry(id: string): void, edit(id: string): void, discard(id: string): void}} PendingActions */
/** @typedef {{node: HTMLElement, nick: HTMLElement, note: HTMLElement, buttons: HTMLElement}} Shown */

export class Pending {
  /** @type {Map<string, Shown>} */
  #shown = new Map();
  #list = find("pending", HTMLElement);
  #words;
  #actions;

  /** @param {Words} words @param {PendingActions} actions */
  constructor(words, actions) {
    this.#words = words;
    this.#actions = actions;
  }

  /** @param {readonly Entry[]} entries @param {string} nick */
  show(entries, nick) {
    const wanted = entries.filter((entry) => !entry.secret && !(entry.command && entry.sent && entry.refusal === null));
    const ids = new Set(wanted.map((entry) => entry.id));
    for (const [id, shown] of this.#shown) {
      if (ids.has(id)) continue;
      hide(shown.node, true);
      shown.node.remove();
      this.#shown.delete(id);
    }
    for (const entry of wanted) {
      let shown = this.#shown.get(entry.id);
      if (!shown) {
        shown = this.#make(entry, nick);
        this.#shown.set(entry.id, shown);
        this.#update(shown, entry, nick); // what is there from the start is not announced
        this.#list.append(shown.node);
      }
      this.#update(shown, entry, nick);
    }
  }

  /** @param {Entry} entry @param {string} nick @returns {Shown} */
  #make(entry, nick) {
    const text = makeText(entry.text, "").body;
    const note = make("p", "note");
    note.setAttribute("role", "status");
    const buttons = make("div", "buttons",
      makeButton(this.#words.retry, () => {
        rest(); // the answer may come before a frame does, and then the button never goes
        this.#actions.retry(entry.id);
      }),
      makeButton(this.#words.edit, () => this.#actions.edit(entry.id)),
      makeButton(this.#words.discard, () => this.#actions.discard(entry.id)));
    const author = makeNick(nick);
    const node = make("li", "line said", author, text, note, buttons);
    node.dataset.type = "said";
    return { node, nick: author, note, buttons };
  }

  /** @param {Shown} shown @param {Entry} entry @param {string} nick whom it would come from now */
  #update(shown, entry, nick) {
    const { node, note, buttons } = shown;
    if (shown.nick.textContent !== nick) {
      const author = makeNick(nick);
      shown.nick.replaceWith(author);
      shown.nick = author;
    }
    const refused = entry.refusal !== null;
    node.dataset.pending = refused ? "refused" : entry.held ? "held" : entry.sent ? "sent" : "waiting";
    node.classList.toggle("refused", refused);
    hide(buttons, !refused);
    const text = this.#note(entry);
    if (note.textContent !== text) note.textContent = text;
  }

  /** @param {Entry} entry */
  #note(entry) {
    if (entry.refusal !== null) return this.#words.refused.replace("{reason}", () => entry.refusal ?? "");
    if (entry.held) return this.#words.held;
    return entry.sent ? this.#words.sending : this.#words.waiting;
  }
}
