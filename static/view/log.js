// The log on the page: adds lines at both ends, keeps the place that is being read, hides and empties lines.
// Knows nothing about sockets or seqs that it does not show. Only what changes touches the page, once a frame.

import { hides, nobody } from "../ignored.js";
import { caughtUp } from "../state.js";
import { find } from "./dom.js";
import { LineMaker, silence } from "./line.js";
import { perFrame } from "./frame.js";
import { Unseen } from "./unseen.js";

/** @import {RoomEvent} from "../protocol.js" */
/** @import {Change, State} from "../state.js" */
/** @import {Words} from "../language.js" */
/** @import {Line} from "./line.js" */

/** When this many lines are shown, the oldest go; "earlier" brings them back. */
const MOST_LINES = 3000;
const KEPT_LINES = 2000;
const NEAR_BOTTOM_PX = 48;
const SCREENS_AHEAD = 1;

/** @typedef {{askEarlier(): void, trimmed(oldest: number): void}} LogActions */

export class Log {
  /** All lines shown, from the top. @type {Line[]} */
  #lines = [];
  /** @type {Change[]} */
  #queue = [];
  #following = true;
  #ignored = nobody;
  #live = false;
  /** What the button at the top is to say, or what stands there where nothing is above. */
  #offer = { earlier: false, asking: false, unprompted: false, top: "" };
  #scroller = find("scroller", HTMLElement);
  #log = find("log", HTMLElement);
  #earlier = find("earlier", HTMLButtonElement);
  #beginning = find("beginning", HTMLElement);
  #words;
  #actions;
  #maker;
  #unseen;
  #soon = perFrame(() => this.#draw());

  /** @param {Words} words @param {LogActions} actions */
  constructor(words, actions) {
    this.#words = words;
    this.#actions = actions;
    this.#maker = new LineMaker(words);
    this.#earlier.addEventListener("click", () => actions.askEarlier());
    this.#unseen = new Unseen(words, () => {
      this.toBottom();
      this.#scroller.focus({ preventScroll: true });
    });
    this.#scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    const sizes = new ResizeObserver(() => {
      this.#stay();
      this.#fill();
    });
    sizes.observe(this.#scroller);
    sizes.observe(find("pending", HTMLElement));
  }

  /** @param {readonly Change[]} changes */
  take(changes) {
    for (const change of changes) this.#queue.push(change);
    this.#soon();
  }

  /** @param {State} state */
  showEarlier(state) {
    const { earlier, asking, refused, oldest } = state;
    const known = !earlier && oldest !== null && caughtUp(state);
    const top = known ? this.#words[oldest === 1 ? "beginning" : "not_kept"] : "";
    this.#offer = { earlier, asking, unprompted: earlier && !asking && !refused, top };
    this.#soon();
  }

  /** Nothing is announced until the replay is over. */
  quiet() {
    this.#live = false;
    this.#log.setAttribute("aria-live", "off");
  }

  toBottom() {
    this.#following = true;
    this.#stay();
    this.#unseen.clear(true);
  }

  #draw() {
    const changes = this.#queue;
    this.#queue = [];
    const fill = changes.some(({ kind }) => kind === "prepend" || kind === "caught-up" || kind === "ignoring");
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
          added = [this.#maker.remark("restarted", this.#words.restarted)];
          break;
        case "prepend":
          append();
          this.#prepend(change.items.map((item) => (
            item.type === "gap" ? this.#maker.gap(item.from, item.to) : this.#make(item))));
          break;
        case "ignoring":
          append();
          this.#ignored = change.ignored;
          this.#change(this.#lines.filter((line) => this.#hides(line) !== line.node.hidden), (line) => this.#hide(line));
          break;
        case "caught-up":
          append();
          this.#listen();
          break;
      }
    }
    append();
    this.#keepPlace(() => this.#drawEarlier());
    if (this.#following) {
      this.#trim();
      this.#stay();
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
    this.#change(this.#lines.filter(({ seq }) => seq !== null && seqs.has(seq)), (line) => this.#maker.remove(line));
  }

  /** Changes lines wherever they are; the others that are in sight do not move. @param {Line[]} lines @param {(line: Line) => void} action */
  #change(lines, action) {
    if (lines.length === 0) return;
    const top = this.#scroller.getBoundingClientRect().top;
    const changing = new Set(lines);
    const steady = this.#lines.find((line) => !changing.has(line) && line.node.getBoundingClientRect().bottom > top);
    this.#keepPlace(() => lines.forEach(action), steady?.node);
  }

  /** @param {Line[]} lines */
  #append(lines) {
    if (lines.length === 0) return;
    this.#log.append(this.#join(lines, this.#lines.at(-1) ?? null));
    for (const line of lines) this.#lines.push(line);
    if (!this.#following) this.#unseen.add(lines);
  }

  /** @param {Line[]} lines */
  #prepend(lines) {
    if (lines.length === 0) return;
    const announced = this.#live;
    this.quiet();
    this.#keepPlace(() => {
      this.#log.prepend(this.#join(lines, null));
      if (this.#lines.length > 0) this.#maker.seam(lines[lines.length - 1], this.#lines[0]);
      this.#lines = lines.concat(this.#lines);
      this.#drawEarlier();
    });
    if (announced) this.#listen();
  }

  /**
   * Changes what is above a line, the first one unless another is given, or its upper edge; what is being read does not move.
   * @param {() => void} action @param {HTMLElement} [anchor]
   */
  #keepPlace(action, anchor = this.#lines.find(({ node }) => !node.hidden)?.node) {
    if (!anchor || this.#following) {
      action();
      return;
    }
    const before = anchor.getBoundingClientRect();
    const edge = before.bottom > this.#scroller.getBoundingClientRect().top ? "top" : "bottom";
    action();
    const moved = anchor.getBoundingClientRect()[edge] - before[edge];
    if (moved !== 0) this.#scroller.scrollTop += moved;
  }

  /** Fetches what is above before its end comes into sight; following the newest, only what the room has space for. */
  #fill() {
    if (!this.#offer.unprompted) return;
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    if (scrollTop > clientHeight * SCREENS_AHEAD) return;
    if (clientHeight > 0 && (!this.#following || scrollHeight <= clientHeight)) this.#actions.askEarlier();
  }

  /** @param {Line[]} lines @param {Line | null} above */
  #join(lines, above) {
    const fragment = document.createDocumentFragment();
    for (const line of lines) {
      fragment.append(line.node);
      this.#maker.seam(above, line);
      above = line;
    }
    return fragment;
  }

  #drawEarlier() {
    const { earlier, asking, top } = this.#offer;
    if (!earlier && document.activeElement === this.#earlier) this.#scroller.focus({ preventScroll: true });
    this.#earlier.hidden = !earlier;
    this.#beginning.hidden = top === "";
    if (this.#beginning.textContent !== top) this.#beginning.firstElementChild?.replaceChildren(top);
    this.#earlier.setAttribute("aria-disabled", String(asking));
    const label = asking ? this.#words.earlier_asked : this.#words.earlier;
    if (this.#earlier.textContent !== label) this.#earlier.textContent = label;
  }

  /** A log that only grows would in the end be the whole memory of the page. */
  #trim() {
    if (this.#lines.length <= MOST_LINES || this.#offer.asking) return; // an answer would no longer fit
    const gone = this.#lines.splice(0, this.#lines.length - KEPT_LINES);
    for (const line of gone) {
      line.divider?.remove();
      line.node.remove();
    }
    this.#maker.seam(null, this.#lines[0]);
    const first = this.#lines.find((line) => line.seq !== null);
    if (first?.seq) this.#actions.trimmed(first.seq);
  }

  #clear() {
    this.quiet();
    this.#lines = [];
    this.#log.replaceChildren();
    this.toBottom();
  }

  /** Readers announce what comes from now on; they must have seen the rest go in before. */
  #listen() {
    this.#live = true;
    setTimeout(() => {
      if (this.#live) this.#log.setAttribute("aria-live", "polite");
    }, 500);
  }

  #scrolled() {
    this.#following = this.#isAtBottom();
    if (this.#following) this.#unseen.clear(true);
    else this.#unseen.show(false);
    this.#fill();
  }

  #isAtBottom() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight < NEAR_BOTTOM_PX;
  }

  #stay() {
    if (this.#following) this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }
}
