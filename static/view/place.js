// The place in the conversation that is being read: its end, which it stays at, or lines that must not move.
// Knows nothing about what is shown there.

import { find, isShown } from "./dom.js";

const NEAR_BOTTOM_PX = 48;
const STEP_PX = 12;
const MOST_FRAMES = 10;

export class Place {
  /** Whether the newest is in sight, and stays so. */
  following = true;
  #scroller = find("scroller", HTMLElement);
  /** The first line that begins in sight, and how far below the upper edge. @type {{line: Element, below: number} | null} */
  #first = null;
  #frame = 0;
  /** As it was when it was last known to be as it should. */
  #size = "";

  /** @param {() => void} moved called when it has been scrolled, or has another size @param {() => void} resized called before that */
  constructor(moved, resized) {
    this.#scroller.addEventListener("scroll", () => {
      if (this.#size !== this.#measure()) return; // the observer is about to tell; until then nobody has scrolled
      this.look();
      moved();
    }, { passive: true });
    const sizes = new ResizeObserver(() => {
      resized();
      this.#size = this.#measure();
      const first = this.#first;
      if (!this.following && first && isShown(first.line)) this.#scroller.scrollTop += this.#below(first.line) - first.below;
      this.stay();
      moved();
    });
    sizes.observe(this.#scroller);
    sizes.observe(find("pending", HTMLElement));
  }

  #measure() {
    const { clientWidth, clientHeight } = this.#scroller;
    return `${clientWidth} ${clientHeight}`;
  }

  /** Where its upper edge is on the page. */
  get top() {
    return this.#scroller.getBoundingClientRect().top;
  }

  /** Whether there is less above than so many screens, and whether there is anything to scroll. @param {number} screens */
  isNearTop(screens) {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    if (clientHeight === 0 || scrollTop > clientHeight * screens) return false;
    return !this.following || scrollHeight <= clientHeight;
  }

  /** Looks whether the newest is in sight. */
  look() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    this.following = scrollHeight - scrollTop - clientHeight < NEAR_BOTTOM_PX;
    this.#first = null;
    this.#remember(MOST_FRAMES);
  }

  /** @param {number} frames what has come into sight from far away is not there yet, and comes within so many */
  #remember(frames) {
    cancelAnimationFrame(this.#frame);
    if (this.following || frames === 0 || this.#size !== this.#measure()) return;
    const { left, top, width, height } = this.#scroller.getBoundingClientRect();
    for (let down = STEP_PX; down < height; down += STEP_PX) {
      const there = document.elementsFromPoint(left + width / 2, top + down); // something may lie over it
      const line = there.find((each) => each.matches(".line, .fold > summary"));
      if (!line) continue;
      this.#first = { line, below: this.#below(line) };
      if (this.#first.below >= 0) return;
    }
    if (this.#first === null) this.#frame = requestAnimationFrame(() => this.#remember(frames - 1));
  }

  /** How far an element begins below the upper edge. @param {Element} element */
  #below(element) {
    return element.getBoundingClientRect().top - this.top;
  }

  focus() {
    this.#scroller.focus({ preventScroll: true });
  }

  toBottom() {
    this.following = true;
    this.stay();
  }

  stay() {
    if (this.following) this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  /** Goes where an element is in the middle. @param {HTMLElement} element */
  goTo(element) {
    element.scrollIntoView({ block: "center" });
    this.look();
  }

  /**
   * Changes what is above an element, or its upper edge; what is being read does not move.
   * @param {() => void} action @param {(() => HTMLElement) | undefined} anchor the element, which may be another one afterwards
   */
  keep(action, anchor) {
    if (!anchor || this.following) {
      action();
      return;
    }
    const before = anchor().getBoundingClientRect();
    const edge = before.bottom > this.top ? "top" : "bottom";
    action();
    const moved = anchor().getBoundingClientRect()[edge] - before[edge];
    if (moved !== 0) this.#scroller.scrollTop += moved;
  }
}
