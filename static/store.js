// Holds the current state and tells of every change.
// Knows nothing about where messages come from or who listens; the rules are in state.js.

import { initial, reduce } from "./state.js";

/** @import {ServerMessage} from "./protocol.js" */
/** @import {State, Change, Local} from "./state.js" */

/** Dispatches `change`, whose detail is the list of changes. */
export class Store extends EventTarget {
  /** @type {State} */
  state;

  /** @param {State} state */
  constructor(state = initial) {
    super();
    this.state = state;
  }

  /** @param {ServerMessage | Local} message @param {boolean} [ours] */
  take(message, ours) {
    this.#tell(this.#reduce(message, ours));
  }

  /**
   * All messages of a frame, told of at once.
   * @param {readonly ServerMessage[]} messages @param {(message: ServerMessage) => boolean} isOurs
   */
  takeAll(messages, isOurs) {
    this.#tell(messages.flatMap((message) => this.#reduce(message, isOurs(message))));
  }

  /** @param {ServerMessage | Local} message @param {boolean} [ours] @returns {Change[]} */
  #reduce(message, ours) {
    const [state, changes] = reduce(this.state, message, ours);
    this.state = state;
    return changes;
  }

  /** @param {Change[]} changes */
  #tell(changes) {
    if (changes.length > 0) this.dispatchEvent(new CustomEvent("change", { detail: changes }));
  }
}
