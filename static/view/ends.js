// The ends of the conversation: what was said earlier, or what stands there where nothing is; what was shown before a reload;
// the mark where the person left; what is new below the place that is being read, and the button that goes there.
// Knows nothing about scrolling or storage, or how earlier messages are had.

import { caughtUp } from "../state.js";
import { count } from "../language.js";
import { find, hide, make } from "./dom.js";
import { LineMaker, silence } from "./line.js";

/** @import {RoomEvent} from "../protocol.js" */
/** @import {State} from "../state.js" */
/** @import {Words} from "../language.js" */
/** @import {Line} from "./line.js" */

export class Earlier {
  /** Whether there is more. */
  any = false;
  /** Whether an answer is on its way. */
  asking = false;
  /** Whether there is more that may be asked for without being told to. */
  unprompted = false;
  #top = "";
  #button = find("earlier", HTMLButtonElement);
  #beginning = find("beginning", HTMLElement);
  #words;
  #leave;

  /** @param {Words} words @param {() => void} ask @param {() => void} leave takes the focus where the button goes */
  constructor(words, ask, leave) {
    this.#words = words;
    this.#leave = leave;
    this.#button.addEventListener("click", ask);
  }

  /** @param {State} state */
  take(state) {
    const { earlier, asking, refused, oldest } = state;
    const known = !earlier && oldest !== null && caughtUp(state);
    this.any = earlier;
    this.asking = asking;
    this.unprompted = earlier && !asking && !refused;
    this.#top = known ? this.#words[oldest === 1 ? "beginning" : "not_kept"] : "";
  }

  draw() {
    if (!this.any && document.activeElement === this.#button) this.#leave();
    this.#button.hidden = !this.any;
    this.#beginning.hidden = this.#top === "";
    if (this.#beginning.textContent !== this.#top) this.#beginning.firstElementChild?.replaceChildren(this.#top);
    this.#button.setAttribute("aria-disabled", String(this.asking));
    const label = this.asking ? this.#words.earlier_asked : this.#words.earlier;
    if (this.#button.textContent !== label) this.#button.textContent = label;
  }
}

export class Unseen {
  /** @type {Line[]} */
  #lines = [];
  #shown = "";
  #jump = find("jump", HTMLButtonElement);
  #words;

  /** @param {Words} words @param {() => void} jump */
  constructor(words, jump) {
    this.#words = words;
    this.#jump.addEventListener("click", jump);
  }

  /** Everything has been seen. @param {boolean} atBottom whether there is nothing below to go to */
  clear(atBottom) {
    this.#lines = [];
    this.show(atBottom);
  }

  /** @param {readonly Line[]} lines */
  add(lines) {
    for (const line of lines) if (line.speaker !== null) this.#lines.push(line);
  }

  /** How many there are. */
  get size() {
    return this.#lines.length;
  }

  /** Lines have gone from the log. */
  tidy() {
    this.#lines = this.#lines.filter(({ node }) => node.isConnected);
  }

  /** Only messages that can be read are news. @param {boolean} atBottom */
  show(atBottom) {
    hide(this.#jump, atBottom);
    const news = this.#lines.filter(({ node, removed }) => !removed && !node.hidden).length;
    const label = news === 0 ? this.#words.to_newest : count(this.#words, this.#words.new_messages, news);
    if (this.#shown === label) return;
    this.#shown = label;
    this.#jump.replaceChildren(make("span", "arrow", "↓"), ` ${label}`);
  }
}

/** What was shown before a reload, in the place of the log while there is no connection. When the room can be had again it goes. */
export class Before {
  /** What is shown, from the top. @type {Line[]} */
  lines = [];
  #place = find("before", HTMLElement);
  #words;

  /** @param {Words} words */
  constructor(words) {
    this.#words = words;
  }

  /** @param {readonly RoomEvent[]} events oldest first; none takes it away @returns {boolean} whether it has come just now */
  show(events) {
    const there = !this.#place.hidden;
    this.#place.hidden = events.length === 0;
    if (events.length === 0) {
      this.#place.replaceChildren();
      this.lines = [];
    }
    if (there || events.length === 0) return false;
    const maker = new LineMaker(this.#words);
    /** @type {Line | null} */
    let above = null;
    this.lines = [...events.map((event) => maker.event(event)), maker.remark("notice", this.#words.before)];
    for (const line of this.lines) {
      this.#place.append(line.node);
      maker.seam(above, line);
      above = line;
    }
    return true;
  }
}

/** How far the conversation has been seen, and the mark above what came while the person was away: "New since you left". */
export class Since {
  /** Whether somebody looks at the page. */
  #here = true;
  /** Whether the replay is over, so that what comes is news. */
  #live = false;
  /** Seq of the newest line that was in sight while somebody looked. @type {number | null} */
  #seen = null;
  /** What is above this seq is new; null where nothing is. @type {number | null} */
  #from = null;
  /** The line below the mark. @type {Line | null} */
  #line = null;
  #divider;
  #saw;

  /** @param {Words} words @param {(seq: number) => void} saw told how far the conversation has been seen */
  constructor(words, saw) {
    this.#saw = saw;
    this.#divider = make("p", "divider since", make("span", "", words.since));
    silence(this.#divider);
  }

  /** How far the conversation was seen at an earlier visit. @param {number | null} seq */
  resume(seq) {
    if (this.#seen !== null) return;
    this.#seen = seq;
    this.#start(seq);
  }

  /** There is nothing that has been seen. */
  restart() {
    this.#live = false;
    this.#seen = null;
    this.#start(null);
  }

  /** Somebody has begun to look at the page, or has ceased to. @param {boolean} here @param {boolean} following whether the newest is in sight */
  look(here, following) {
    if (here === this.#here) return;
    this.#here = here;
    if (here) this.#rest();
    else this.#leave(following);
  }

  /** The replay is over, or there will be one. @param {boolean} live @param {boolean} following whether the newest is in sight */
  live(live, following) {
    if (this.#live && !live) this.#leave(following);
    this.#live = live;
    this.#rest();
  }

  /** Lines have come at the end, or before all others. @param {readonly Line[]} lines @param {string} self one's own nick @param {boolean} before */
  add(lines, self, before) {
    const from = this.#from;
    if (from === null || (!before && (this.#line !== null || (this.#here && this.#live)))) return;
    const first = lines.find(({ seq, speaker, removed, node }) => (
      seq !== null && seq > from && speaker !== null && speaker !== self && !removed && !node.hidden));
    if (!first) return;
    this.#line = first;
    first.node.classList.remove("continued");
    first.node.before(this.#divider);
  }

  /** The line below the mark may have been hidden or removed. @param {readonly Line[]} lines all @param {string} self one's own nick */
  reconsider(lines, self) {
    if (!this.#line?.removed && !this.#line?.node.hidden) return;
    this.#line = null;
    this.#divider.remove();
    this.add(lines, self, true);
    this.#rest();
  }

  /** The newest is in sight. @param {readonly Line[]} lines all */
  inSight(lines) {
    if (!this.#here || !this.#live) return;
    let index = lines.length - 1;
    while (index >= 0 && lines[index].seq === null) index -= 1;
    const newest = lines[index]?.seq ?? null;
    if (newest === null || newest === this.#seen) return;
    this.#seen = newest;
    this.#saw(newest);
  }

  /** The mark's line may have gone from the log. @param {Line} top the first that is left */
  tidy(top) {
    if (this.#line === null || this.#line.seq === null || top.seq === null || this.#line.seq >= top.seq) return;
    this.#start(null);
  }

  /** What comes from now on is new to one who comes back. @param {boolean} following */
  #leave(following) {
    if (following || this.#line === null || (this.#line.seq ?? 0) <= (this.#seen ?? 0)) this.#start(this.#seen);
  }

  /** Nothing more becomes new to one who looks; the mark stays. */
  #rest() {
    if (this.#here && this.#live && this.#line === null) this.#from = null;
  }

  /** @param {number | null} from */
  #start(from) {
    this.#from = from;
    this.#line = null;
    this.#divider.remove();
  }
}
