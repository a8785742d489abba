// Many who come and go, one after another, as one line that opens: "Ann, Bob and 5 more joined".
// Knows nothing about the log or scrolling; it is given lines in their order, and moves their elements.

import { count } from "../language.js";
import { fill, make } from "./dom.js";
import { makeNick, silence } from "./line.js";

/** @import {Words} from "../language.js" */
/** @import {Line} from "./line.js" */

/** Fewer stand for themselves. */
const FOLDED_FROM = 4;
/** More nicks than these become a number, all but `NAMED` of them. */
const MOST_NAMED = 3;
const NAMED = 2;

/**
 * Comings and goings of one day with nothing between them.
 * @typedef {object} Run
 * @property {Line[]} lines
 * @property {{details: HTMLDetailsElement, summary: HTMLElement} | null} fold
 */

/** What stands in sight for a line: itself, or the fold that it is in. @param {Line} line @returns {HTMLElement} */
export function shown(line) {
  const details = line.run?.fold?.details;
  return details && !details.open ? details : line.node;
}

export class Folds {
  /** Runs whose folds do not say yet what they hold. @type {Set<Run>} */
  #stale = new Set();
  #words;

  /** @param {Words} words */
  constructor(words) {
    this.#words = words;
  }

  /** A line has come below another, whose element stands before it. @param {Line | null} above @param {Line} line */
  add(above, line) {
    if (line.going === null) return;
    if (!above?.run || above.day !== line.day) {
      line.run = { lines: [line], fold: null };
      return;
    }
    const { run } = above;
    line.run = run;
    run.lines.push(line);
    if (run.fold) {
      run.fold.details.append(line.node);
      this.#stale.add(run);
    } else {
      this.#fold(run);
    }
  }

  /** Two lines that stood apart have become neighbours. @param {Line} above @param {Line} below */
  join(above, below) {
    if (!above.run || !below.run || above.day !== below.day) return;
    const { run } = above;
    const { lines } = below.run;
    const focused = [run, below.run].some(({ fold }) => fold !== null && fold.summary === document.activeElement);
    const open = [this.#unfold(run), this.#unfold(below.run)].includes(true);
    for (const line of lines) line.run = run;
    run.lines = run.lines.concat(lines);
    this.#fold(run, open);
    if (focused) run.fold?.summary.focus({ preventScroll: true });
  }

  /** The lines above this one have gone. @param {Line} first @param {() => void} between done while nothing of it is folded */
  cut(first, between) {
    const { run } = first;
    let open = false;
    if (run) {
      open = this.#unfold(run);
      run.lines = run.lines.slice(run.lines.indexOf(first));
    }
    between();
    if (run) this.#fold(run, open);
  }

  /** Writes what the folds hold. */
  draw() {
    for (const run of this.#stale) if (run.fold) run.fold.summary.replaceChildren(make("span", "", ...this.#summary(run)));
    this.#stale.clear();
  }

  /** @param {Run} run @param {boolean} [open] */
  #fold(run, open = false) {
    if (run.lines.length < FOLDED_FROM) return;
    const summary = make("summary", "what");
    const details = make("details", "fold", summary);
    details.open = open;
    silence(details);
    run.lines[0].node.before(details);
    details.append(...run.lines.map(({ node }) => node));
    run.fold = { details, summary };
    this.#stale.add(run);
  }

  /** @param {Run} run @returns {boolean} whether it was open */
  #unfold(run) {
    if (!run.fold) return false;
    const { details, summary } = run.fold;
    summary.remove();
    details.replaceWith(...details.childNodes);
    run.fold = null;
    return details.open;
  }

  /** Who is here now that was not before, and the other way round. @param {Run} run @returns {Node[]} */
  #summary({ lines }) {
    /** @type {Map<string, boolean>} */
    const last = new Map();
    for (const { going } of lines) if (going) last.set(going.nick, going.here);
    const nicks = [...last.keys()];
    const sentences = [
      ...this.#sentence(nicks.filter((nick) => last.get(nick)), this.#words.joined, this.#words.joined_many),
      ...this.#sentence(nicks.filter((nick) => !last.get(nick)), this.#words.left, this.#words.left_many),
    ];
    return sentences.flatMap((sentence, index) => [document.createTextNode(index === 0 ? "" : " · "), ...sentence]);
  }

  /** @param {string[]} nicks @param {string} one @param {string} many @returns {Node[][]} none for nobody */
  #sentence(nicks, one, many) {
    if (nicks.length === 0) return [];
    const named = nicks.length > MOST_NAMED ? nicks.slice(0, NAMED) : nicks;
    const others = nicks.length - named.length;
    /** @type {(Node | string)[]} */
    const names = named.map(makeNick);
    if (others > 0) names.push(count(this.#words, this.#words.more, others));
    const last = names.pop() ?? "";
    const before = names.flatMap((name, index) => (index === 0 ? [name] : [", ", name]));
    const list = make("span", "", ...before, before.length === 0 ? "" : this.#words.and, last);
    return [fill(nicks.length === 1 ? one : many, { nick: list }).map((part) => (
      typeof part === "string" ? document.createTextNode(part) : part))];
  }
}
