// The log on the page: adds lines at both ends, hides and empties lines, lets the oldest go.
// Knows nothing about sockets or seqs that it does not show. Only what changes touches the page, once a frame.

import { hides, nobody } from "../ignored.js";
import { Announcing } from "./announcing.js";
import { find, perFrame } from "./dom.js";
import { Blocks } from "./blocks.js";
import { Earlier, Since, Unseen } from "./ends.js";
import { Folds, shown } from "./fold.js";
import { LineMaker, silence } from "./line.js";
import { Place } from "./place.js";

/** @import {RoomEvent} from "../protocol.js" */
/** @import {Change, State} from "../state.js" */
/** @import {Words} from "../language.js" */
/** @import {Line} from "./line.js" */

/** When this many lines are shown, the oldest go; "earlier" brings them back. */
const MOST_LINES = 10_500;
const KEPT_LINES = 10_000;
const SCREENS_AHEAD = 1;

/** @typedef {{askEarlier(): boolean, trimmed(oldest: number): void, seen(seq: number): void}} LogActions */

export class Log {
  /** All lines shown, from the top. @type {Line[]} */
  lines = [];
  /** Whether somebody looks through all lines, so that none may go. */
  held = false;
  /** @type {Change[]} */
  #queue = [];
  #ignored = nobody;
  #log = find("log", HTMLElement);
  #blocks = new Blocks(this.#log);
  #announcing;
  #words;
  #actions;
  #maker;
  #folds;
  #place;
  #since;
  #unseen;
  #soon;

  /** @param {Words} words @param {LogActions} actions @param {() => void} drawn called after what is shown has changed */
  constructor(words, actions, drawn) {
    this.#soon = perFrame(() => {
      this.#draw();
      drawn();
    });
    this.#words = words;
    this.#actions = actions;
    this.#announcing = new Announcing(this.#log, words);
    this.#maker = new LineMaker(words);
    this.#folds = new Folds(words);
    this.#since = new Since(words, (seq) => actions.seen(seq));
    this.#place = new Place(() => this.#moved(), () => this.#blocks.settle());
    this.earlier = new Earlier(words, () => actions.askEarlier(), () => this.#place.focus());
    this.#unseen = new Unseen(words, () => {
      this.toBottom();
      this.#place.focus();
    });
    // A fold that opens makes the log longer, and nobody has scrolled.
    this.#log.addEventListener("toggle", () => {
      this.#place.look();
      this.#moved();
    }, true);
  }

  /** @param {readonly Change[]} changes */
  take(changes) {
    for (const change of changes) this.#queue.push(change);
    this.#soon();
  }

  /** @param {State} state */
  showEarlier(state) {
    this.earlier.take(state);
    this.#soon();
  }

  /** @param {string} nick one's own */
  setSelf(nick) {
    this.#maker.self = nick;
  }

  /** Nothing is announced until the replay is over. */
  quiet() {
    this.#since.live(false, this.#place.following);
    this.#announcing.stop();
  }

  /** @param {boolean} here whether somebody looks at the page */
  look(here) {
    this.#since.look(here, this.#place.following);
    this.#look();
  }

  /** How far the conversation was seen at an earlier visit. @param {number | null} seq */
  resume(seq) {
    this.#since.resume(seq);
  }

  /** Goes to a line, opening the fold that it is in. @param {Line} line */
  goTo(line) {
    this.#blocks.loosen(line.node);
    if (line.run?.fold) line.run.fold.details.open = true;
    this.#place.goTo(line.node);
  }

  toBottom() {
    this.#place.toBottom();
    this.#unseen.clear(true);
    this.#look();
  }

  #draw() {
    const changes = this.#queue.splice(0);
    const fill = changes.some(({ kind }) => kind === "prepend" || kind === "caught-up" || kind === "ignoring");
    const ignoring = changes.filter(({ kind }) => kind === "ignoring").at(-1);
    if (ignoring?.kind === "ignoring") this.#ignored = ignoring.ignored;
    /** @type {Line[]} */
    let added = [];
    const append = () => {
      this.#append(added);
      added = [];
    };
    for (const change of changes) {
      switch (change.kind) {
        case "append":
          added.push(this.#make(change.event));
          if (change.event.type !== "cleared") break;
          append();
          this.#remove(new Set(change.event.seqs));
          break;
        case "gap":
          added.push(this.#maker.gap(change.from, change.to));
          break;
        case "notice":
        case "refused":
          added.push(this.#maker.remark(change.kind, change.text));
          break;
        case "restarted":
          this.#clear();
          added = change.remark ? [this.#maker.remark("restarted", this.#words.restarted)] : [];
          break;
        case "prepend":
          append();
          this.#prepend(change.items.map((item) => (
            item.type === "gap" ? this.#maker.gap(item.from, item.to) : this.#make(item))));
          break;
        case "caught-up":
          append();
          this.#since.live(true, this.#place.following);
          this.#announcing.start();
          break;
      }
    }
    append();
    if (ignoring) this.#change(this.lines.filter((line) => this.#hides(line) !== line.node.hidden), (line) => this.#hide(line));
    this.#since.reconsider(this.lines, this.#maker.self);
    this.#keep(() => {
      this.earlier.draw();
      this.#folds.draw();
      this.#blocks.settle();
    });
    this.#trim();
    if (this.#place.following) {
      this.#place.stay();
      this.#look();
    } else {
      this.#unseen.show(false);
    }
    if (fill) this.#fill();
  }

  /** @param {RoomEvent} event @returns {Line} */
  #make(event) {
    const line = this.#maker.event(event);
    if (this.#hides(line)) this.#hide(line);
    return line;
  }

  /** @param {Line} line */
  #hides({ speaker, seq }) {
    return speaker !== null && seq !== null && hides(this.#ignored, speaker, seq);
  }

  /** Shows it again where it is not to be hidden any more. @param {Line} line */
  #hide(line) {
    silence(line.node);
    line.node.hidden = this.#hides(line);
  }

  /** @param {ReadonlySet<number>} seqs */
  #remove(seqs) {
    this.#change(this.lines.filter(({ seq }) => seq !== null && seqs.has(seq)), (line) => this.#maker.remove(line));
  }

  /** Changes lines wherever they are; the others that are in sight do not move. @param {Line[]} lines @param {(line: Line) => void} action */
  #change(lines, action) {
    if (lines.length === 0) return;
    const changing = new Set(lines);
    for (const { node } of lines) this.#blocks.loosen(node);
    const steady = this.#place.following ? undefined : this.lines.find((line) => !changing.has(line) && shown(line).getBoundingClientRect().bottom > this.#place.top);
    this.#keep(() => lines.forEach(action), steady);
  }

  /** @param {Line[]} lines */
  #append(lines) {
    if (lines.length === 0) return;
    this.#blocks.append(this.#join(lines, this.lines.at(-1) ?? null));
    for (const line of lines) this.lines.push(line);
    this.#since.add(lines, this.#maker.self, false);
    this.#announcing.add(lines, this.#maker.self);
    if (!this.#place.following) this.#unseen.add(lines);
  }

  /** @param {Line[]} lines */
  #prepend(lines) {
    if (lines.length === 0) return;
    this.#announcing.without(() => this.#keep(() => {
      this.#blocks.prepend(this.#join(lines, null));
      if (this.lines.length > 0) {
        this.#blocks.loosen(this.lines[0].node);
        this.#maker.seam(lines[lines.length - 1], this.lines[0]);
        this.#folds.join(lines[lines.length - 1], this.lines[0]);
      }
      this.lines = lines.concat(this.lines);
      this.#since.add(lines, this.#maker.self, true);
      this.#folds.draw();
      this.earlier.draw();
    }));
  }

  /** Changes what is above a line, the first one unless another is given; what is being read does not move. @param {() => void} action @param {Line} [line] */
  #keep(action, line = this.lines.find(({ node }) => !node.hidden)) {
    this.#place.keep(action, line && (() => shown(line)));
  }

  /** Fetches what is above before its end comes into sight; following the newest, only what the room has space for. */
  #fill() {
    if (this.earlier.unprompted && this.#place.isNearTop(SCREENS_AHEAD)) this.#actions.askEarlier();
  }

  /** @param {Line[]} lines @param {Line | null} above */
  #join(lines, above) {
    const fragment = document.createDocumentFragment();
    for (const line of lines) {
      fragment.append(line.node);
      this.#maker.seam(above, line);
      this.#folds.add(above, line);
      above = line;
    }
    return fragment;
  }

  /** A log that only grows would in the end be the whole memory of the page. */
  #trim() {
    // What a person who reads further up has fetched stays; what has come since is not let grow for ever.
    const many = this.#place.following ? this.lines.length : this.#unseen.size;
    if (many <= MOST_LINES || this.held || this.earlier.asking) return; // an answer would no longer fit
    const gone = this.lines.splice(0, this.lines.length - KEPT_LINES);
    const top = this.lines[0];
    this.#keep(() => {
      this.#folds.cut(top, () => {
        for (const line of gone) {
          line.divider?.remove();
          line.node.remove();
        }
        this.#maker.seam(null, top);
      });
      this.#folds.draw();
      this.#blocks.tidy();
    });
    this.#unseen.tidy();
    this.#since.tidy(top);
    const first = this.lines.find((line) => line.seq !== null);
    if (first?.seq) this.#actions.trimmed(first.seq);
  }

  #clear() {
    this.#announcing.restart();
    this.lines = [];
    this.#since.restart();
    this.#blocks.clear();
    this.toBottom();
  }

  #moved() {
    if (this.#place.following) this.#unseen.clear(true);
    else this.#unseen.show(false);
    this.#look();
    this.#fill();
  }

  #look() {
    if (this.#place.following) this.#since.inSight(this.lines);
  }
}
