// Makes the element of one line in the log, with its links and code, and the seam between two that stand together.
// Knows nothing about the log as a whole, scrolling or the connection. Nothing is fetched to show a line.

import { count, localeOf } from "../language.js";
import { piecesOf } from "../pieces.js";
import { isRemoved } from "../protocol.js";
import { fill, make } from "./dom.js";

/** @import {Piece} from "../pieces.js" */
/** @import {RoomEvent} from "../protocol.js" */
/** @import {Run} from "./fold.js" */
/** @import {Words} from "../language.js" */

/**
 * What the log remembers of a line that it shows.
 * @typedef {object} Line
 * @property {HTMLElement} node
 * @property {number | null} seq
 * @property {string} day empty where nobody knows when that was
 * @property {number} ts
 * @property {string | null} speaker whose message it is
 * @property {HTMLElement | null} divider the date above it
 * @property {boolean} removed whether it is a message of which only the place is left
 * @property {{nick: string, here: boolean} | null} going who has come or gone, in the way of things
 * @property {Run | null} run the comings and goings that it is one of
 */

const COLOURS = [
  "colour-0", "colour-1", "colour-2", "colour-3", "colour-4", "colour-5",
  "colour-6", "colour-7", "colour-8", "colour-9", "colour-10", "colour-11",
];
const TOGETHER_MS = 5 * 60_000;

/** One of our own class names, the same for the same nick. @param {string} nick */
export function colourOf(nick) {
  let hash = 0x811c9dc5;
  for (let index = 0; index < nick.length; index += 1) {
    hash = Math.imul(hash ^ nick.charCodeAt(index), 0x01000193);
  }
  return COLOURS[((hash ^ (hash >>> 15)) >>> 0) % COLOURS.length];
}

/** @param {string} nick */
export function makeNick(nick) {
  return make("bdi", `nick ${colourOf(nick)}`, nick);
}

/** Readers do not announce what changes in a line that was there before. @param {HTMLElement} node */
export function silence(node) {
  node.setAttribute("aria-live", "off");
}

/** @param {string} text @param {string} nick whom it may mention @returns {{body: HTMLElement, mentioned: boolean}} */
export function makeText(text, nick) {
  const pieces = piecesOf(text, nick);
  const body = make("div", "text", ...pieces.map(makePiece));
  body.dir = "auto";
  return { body, mentioned: pieces.some(({ kind }) => kind === "mention") };
}

/** @param {Piece} piece @returns {Node | string} */
function makePiece({ kind, text }) {
  switch (kind) {
    case "link": {
      const link = make("a", "", text);
      link.href = text;
      link.target = "_blank";
      link.rel = "noopener noreferrer nofollow";
      link.dir = "ltr";
      return link;
    }
    case "code":
      return leftToRight(make("code", "", text));
    case "block":
      return leftToRight(make("pre", "", make("code", "", text)));
    case "mention": {
      const mark = make("mark", "", text);
      mark.dir = "auto";
      return mark;
    }
    default:
      return text;
  }
}

/** @template {HTMLElement} T @param {T} element @returns {T} */
function leftToRight(element) {
  element.dir = "ltr";
  return element;
}

/** @param {RoomEvent} event */
function going({ type, nick, ...rest }) {
  if (type === "joined") return { nick, here: true };
  if (type !== "left" || ("reason" in rest && (rest.reason === "kicked" || rest.reason === "banned"))) return null;
  return { nick, here: false };
}

export class LineMaker {
  /** Nick of the person at the page, whom a message may mention; empty where it is not known. */
  self = "";
  #words;
  #hour;
  #full;
  #day;

  /** @param {Words} words */
  constructor(words) {
    this.#words = words;
    const locale = localeOf(words);
    this.#hour = new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit" });
    this.#full = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "medium" });
    this.#day = new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
  }

  /** @param {RoomEvent} event @returns {Line} */
  event(event) {
    const node = event.type === "said" ? this.#said(event.nick, event.text) : this.#happened(event);
    node.dataset.seq = String(event.seq);
    const line = this.#line(node, event.seq, event.ts, event.type === "said" ? event.nick : null);
    line.going = going(event);
    if (isRemoved(event)) this.remove(line);
    return line;
  }

  /** Leaves the place of a message, and nothing of what it said. @param {Line} line */
  remove(line) {
    const text = line.node.querySelector(".text");
    if (line.removed || line.speaker === null || text === null) return;
    line.removed = true;
    silence(line.node);
    line.node.classList.remove("mentioned");
    line.node.classList.add("removed");
    line.node.querySelector(".unseen")?.remove();
    text.textContent = this.#words.removed;
  }

  /** @param {number} from @param {number} to @returns {Line} */
  gap(from, to) {
    const node = this.#remark("gap", count(this.#words, this.#words.gap, to - from + 1));
    return { node, seq: null, day: "", ts: 0, speaker: null, divider: null, removed: false, going: null, run: null };
  }

  /** A line that is not an event of the room. @param {"notice" | "refused" | "restarted"} type @param {string} text */
  remark(type, text) {
    return this.#line(this.#remark(type, text), null, Date.now(), null);
  }

  /**
   * What depends on the line above: the date, and whether the nick is repeated.
   * @param {Line | null} above @param {Line} line
   */
  seam(above, line) {
    if (line.day === "") line.day = above?.day ?? "";
    const newDay = line.day !== "" && above?.day !== line.day;
    if (newDay && line.divider === null) {
      line.divider = make("p", "divider", make("span", "", this.#day.format(line.ts)));
      line.node.before(line.divider);
    } else if (!newDay && line.divider !== null) {
      line.divider.remove();
      line.divider = null;
    }
    const together = above !== null && !newDay && line.speaker !== null && above.speaker === line.speaker
      && line.ts - above.ts < TOGETHER_MS;
    line.node.classList.toggle("continued", together);
  }

  /** @param {string} type @param {string} text */
  #remark(type, text) {
    const body = make("p", "text", text);
    body.dir = "auto";
    const node = make("div", `line remark ${type}`, body);
    node.dataset.type = type;
    return node;
  }

  /** @param {string} nick @param {string} text */
  #said(nick, text) {
    const { body, mentioned } = makeText(text, nick === this.self ? "" : this.self);
    const node = make("div", "line said", makeNick(nick), body);
    node.dataset.type = "said";
    if (mentioned) {
      node.classList.add("mentioned");
      body.before(make("span", "unseen", this.#words.mentions_you));
    }
    return node;
  }

  /** @param {Exclude<RoomEvent, {type: "said"}>} event */
  #happened(event) {
    const parts = {
      nick: makeNick(event.nick),
      new_nick: makeNick(event.type === "renamed" ? event.new_nick : ""),
      by: makeNick(event.type === "cleared" ? event.by : ""),
    };
    const node = make("div", `line happening ${event.type}`, make("p", "what", ...fill(this.#sentence(event), parts)));
    node.dataset.type = event.type;
    return node;
  }

  /** @param {Exclude<RoomEvent, {type: "said"}>} event */
  #sentence(event) {
    if (event.type === "cleared") return count(this.#words, this.#words.cleared, event.seqs.length);
    if (event.type !== "left") return this.#words[event.type];
    switch (event.reason) {
      case "lost": return this.#words.left_lost;
      case "timeout": return this.#words.left_timeout;
      case "stopped": return this.#words.left_stopped;
      case "kicked": return this.#words.left_kicked;
      case "banned": return this.#words.left_banned;
      default: return this.#words.left;
    }
  }

  /** @param {HTMLElement} node @param {number | null} seq @param {number} ts @param {string | null} speaker @returns {Line} */
  #line(node, seq, ts, speaker) {
    const date = new Date(ts);
    const time = make("time", "", this.#hour.format(date));
    time.dateTime = date.toISOString();
    time.title = this.#full.format(date);
    node.append(time);
    return { node, seq, day: date.toDateString(), ts, speaker, divider: null, removed: false, going: null, run: null };
  }
}
