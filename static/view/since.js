// How far the conversation has been seen, and the mark above what came while the person was away: "New since you left".
// Knows nothing about scrolling or storage; it is told who looks, what is in sight and what has come.

import { make } from "./dom.js";
import { silence } from "./line.js";

/** @import {Words} from "../language.js" */
/** @import {Line} from "./line.js" */

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
