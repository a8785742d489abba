// The log on the page: adds lines at both ends, keeps the place that is being read, counts what is new below.
// Knows nothing about sockets or seqs that it does not show. Only additions touch the page, once a frame.

import { count } from "../language.js";
import { caughtUp } from "../state.js";
import { find, make } from "./dom.js";
import { LineMaker } from "./line.js";
import { perFrame } from "./frame.js";

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
  #unseen = 0;
  #live = false;
  /** What the button at the top is to say, or what stands there where nothing is above. */
  #offer = { earlier: false, asking: false, unprompted: false, top: "" };
  #scroller = find("scroller", HTMLElement);
  #log = find("log", HTMLElement);
  #earlier = find("earlier", HTMLButtonElement);
  #beginning = find("beginning", HTMLElement);
  #jump = find("jump", HTMLButtonElement);
  #words;
  #actions;
  #maker;
  #soon = perFrame(() => this.#draw());

  /** @param {Words} words @param {LogActions} actions */
  constructor(words, actions) {
    this.#words = words;
    this.#actions = actions;
    this.#maker = new LineMaker(words);
    this.#earlier.addEventListener("click", () => actions.askEarlier());
    this.#jump.addEventListener("click", () => {
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
    this.#count(0);
  }

  #draw() {
    const changes = this.#queue;
    this.#queue = [];
    const fetched = changes.some(({ kind }) => kind === "prepend" || kind === "caught-up");
    /** @type {Line[]} */
    let added = [];
    let unseen = 0;
    for (const change of changes) {
      switch (change.kind) {
        case "append":
          added.push(this.#maker.event(change.event));
          if (change.event.type === "said") unseen += 1;
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
          unseen = 0;
          break;
        case "prepend":
          this.#append(added);
          added = [];
          this.#prepend(change.items.map((item) => (
            item.type === "gap" ? this.#maker.gap(item.from, item.to) : this.#maker.event(item))));
          break;
        case "caught-up":
          this.#append(added);
          added = [];
          this.#listen();
          break;
      }
    }
    this.#append(added);
    this.#keepPlace(() => this.#drawEarlier());
    if (this.#following) {
      this.#trim();
      this.#stay();
    } else if (unseen > 0) {
      this.#count(this.#unseen + unseen);
    }
    if (fetched) this.#fill();
  }

  /** @param {Line[]} lines */
  #append(lines) {
    if (lines.length === 0) return;
    this.#log.append(this.#join(lines, this.#lines.at(-1) ?? null));
    for (const line of lines) this.#lines.push(line);
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

  /** Changes what is above the first line, or its upper edge; what is being read does not move. @param {() => void} action */
  #keepPlace(action) {
    const anchor = this.#lines[0]?.node;
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
    if (this.#following) this.#count(0);
    else if (this.#jump.hidden) this.#count(this.#unseen);
    this.#fill();
  }

  #isAtBottom() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight < NEAR_BOTTOM_PX;
  }

  #stay() {
    if (this.#following) this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  /** @param {number} unseen */
  #count(unseen) {
    this.#unseen = unseen;
    this.#jump.hidden = this.#following;
    const label = unseen === 0 ? this.#words.to_newest : count(this.#words, this.#words.new_messages, unseen);
    this.#jump.replaceChildren(make("span", "arrow", "↓"), ` ${label}`);
  }
}
