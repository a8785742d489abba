// The elements of the log in blocks, so that what is far from sight costs nothing however long the log is: the browser
// leaves such a block out, and takes the height that we have measured for it.
// Knows nothing about lines; it is given elements.

import { make } from "./dom.js";

const MOST_CHILDREN = 50;
const SETTLED = "settled";

export class Blocks {
  #root;
  /** Blocks whose height has to be measured. @type {Set<HTMLElement>} */
  #loose = new Set();
  #width = 0;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#root = root;
  }

  /** @param {DocumentFragment} nodes */
  append(nodes) {
    const last = this.#last;
    while (last && last.childElementCount < MOST_CHILDREN && nodes.firstChild) last.append(nodes.firstChild);
    this.#root.append(this.#split(nodes));
  }

  /** @param {DocumentFragment} nodes */
  prepend(nodes) {
    this.#root.prepend(this.#split(nodes));
  }

  /** Something in an element has changed, or will, and so may the height of its block. @param {HTMLElement} node */
  loosen(node) {
    const block = /** @type {HTMLElement | null} */ (node.closest(".block"));
    if (block) this.#loosen(block);
  }

  /** Measures what has changed. The last block is in change all the time. */
  settle() {
    const width = this.#root.clientWidth;
    if (width === 0) return;
    if (width !== this.#width) for (const block of this.#root.children) this.#loosen(/** @type {HTMLElement} */ (block));
    this.#width = width;
    if (this.#last) this.#loose.delete(this.#last);
    const heights = [...this.#loose].map((block) => block.getBoundingClientRect().height);
    for (const block of this.#loose) {
      block.style.containIntrinsicBlockSize = `auto ${heights.shift()}px`;
      block.classList.add(SETTLED);
    }
    this.#loose.clear();
    if (this.#last) this.#loose.add(this.#last);
  }

  /** Takes blocks away that nothing is left of, at the top. */
  tidy() {
    while (this.#root.firstElementChild?.childElementCount === 0) {
      this.#loose.delete(/** @type {HTMLElement} */ (this.#root.firstElementChild));
      this.#root.firstElementChild.remove();
    }
    if (this.#root.firstElementChild) this.loosen(/** @type {HTMLElement} */ (this.#root.firstElementChild));
  }

  clear() {
    this.#root.replaceChildren();
    this.#loose.clear();
  }

  get #last() {
    return /** @type {HTMLElement | null} */ (this.#root.lastElementChild);
  }

  /** @param {HTMLElement} block */
  #loosen(block) {
    block.classList.remove(SETTLED);
    block.style.containIntrinsicBlockSize = "";
    this.#loose.add(block);
  }

  /** @param {DocumentFragment} nodes */
  #split(nodes) {
    const blocks = document.createDocumentFragment();
    while (nodes.firstChild) {
      const block = make("div", "block");
      while (block.childElementCount < MOST_CHILDREN && nodes.firstChild) block.append(nodes.firstChild);
      blocks.append(block);
      this.#loose.add(block);
    }
    return blocks;
  }
}
