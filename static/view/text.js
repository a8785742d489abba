// The text of a message as nodes: its links can be followed, its code looks like code.
// Knows nothing about whose message it is. Nothing is fetched to show it.

import { make } from "./dom.js";
import { piecesOf } from "../pieces.js";

/** @import {Piece} from "../pieces.js" */

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
