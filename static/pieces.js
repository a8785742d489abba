// What a message is made of: plain text, links, code, and the nick of whom it mentions.
// Knows nothing about the page. Goes through a text once, whatever is in it.

/** @typedef {"plain" | "link" | "code" | "block" | "mention"} Kind */
/** @typedef {{kind: Kind, text: string}} Piece put together they are the message, but for the marks around code */

const FENCE = "```";
const LINK = /(?<![\p{L}\p{N}_])https?:\/\/[^\s<>"。，、！？；：）」』】]+/giu;
/** What ends a sentence, and not an address. */
const STOP = new Set(".,;:!?'*_~…»”’");
/** @type {ReadonlyMap<string, string>} */
const OPENING = new Map([[")", "("], ["]", "["], ["}", "{"]]);

/** The nick that was looked for last, and how. @type {{nick: string, pattern: RegExp | null}} */
let wanted = { nick: "", pattern: null };

/** @param {string} text @param {string} nick whom it may mention; nobody if empty @returns {Piece[]} */
export function piecesOf(text, nick) {
  /** @type {Piece[]} */
  const pieces = [];
  let rest = 0;
  for (let open = text.indexOf(FENCE); open >= 0; open = text.indexOf(FENCE, rest)) {
    const close = text.indexOf(FENCE, open + FENCE.length);
    if (close < 0) break;
    const code = text.slice(open + FENCE.length, close).replace(/^[\w+#.-]*\n/, "").replace(/\n$/, "");
    if (code.trim() === "") {
      withCode(text.slice(rest, close + FENCE.length), nick, pieces);
      rest = close + FENCE.length;
      continue;
    }
    withCode(text.slice(rest, open).replace(/\n$/, ""), nick, pieces);
    pieces.push({ kind: "block", text: code });
    rest = close + FENCE.length;
    if (text[rest] === "\n") rest += 1;
  }
  withCode(text.slice(rest), nick, pieces);
  return pieces;
}

/** Whether it mentions somebody by name. @param {string} text @param {string} nick */
export function mentions(text, nick) {
  if (!pattern(nick)?.test(text)) return false;
  return piecesOf(text, nick).some(({ kind }) => kind === "mention");
}

/** Code within a line. @param {string} text @param {string} nick @param {Piece[]} pieces */
function withCode(text, nick, pieces) {
  let rest = 0;
  let open = text.indexOf("`");
  while (open >= 0) {
    const close = text.indexOf("`", open + 1);
    if (close < 0) break;
    const code = text.slice(open + 1, close);
    if (code.trim() === "" || code.includes("\n")) {
      open = close;
      continue;
    }
    withLinks(text.slice(rest, open), nick, pieces);
    pieces.push({ kind: "code", text: code });
    rest = close + 1;
    open = text.indexOf("`", rest);
  }
  withLinks(text.slice(rest), nick, pieces);
}

/** @param {string} text @param {string} nick @param {Piece[]} pieces */
function withLinks(text, nick, pieces) {
  let rest = 0;
  for (const { 0: found, index } of text.matchAll(LINK)) {
    const link = found.slice(0, lengthOfLink(found));
    if (!isAddress(link)) continue;
    withMentions(text.slice(rest, index), nick, pieces);
    pieces.push({ kind: "link", text: link });
    rest = index + link.length;
  }
  withMentions(text.slice(rest), nick, pieces);
}

/** How much of it is the address: not the end of the sentence, nor of the brackets that it stands in. @param {string} found */
function lengthOfLink(found) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const character of found) counts.set(character, (counts.get(character) ?? 0) + 1);
  let length = found.length;
  for (; length > 0; length -= 1) {
    const last = found[length - 1];
    const opening = OPENING.get(last);
    const closed = opening !== undefined && (counts.get(last) ?? 0) <= (counts.get(opening) ?? 0);
    if (closed || (opening === undefined && !STOP.has(last))) break;
    counts.set(last, (counts.get(last) ?? 0) - 1);
  }
  return length;
}

/** @param {string} link */
function isAddress(link) {
  try {
    return /^https?:$/.test(new URL(link).protocol);
  } catch {
    return false;
  }
}

/** @param {string} text @param {string} nick @param {Piece[]} pieces */
function withMentions(text, nick, pieces) {
  let rest = 0;
  const found = pattern(nick);
  for (const { 0: mention, index } of found ? text.matchAll(found) : []) {
    plain(text.slice(rest, index), pieces);
    pieces.push({ kind: "mention", text: mention });
    rest = index + mention.length;
  }
  plain(text.slice(rest), pieces);
}

/** @param {string} text @param {Piece[]} pieces */
function plain(text, pieces) {
  if (text === "") return;
  const last = pieces.at(-1);
  if (last?.kind === "plain") last.text += text;
  else pieces.push({ kind: "plain", text });
}

/** A nick as a whole word, in any case. @param {string} nick @returns {RegExp | null} */
function pattern(nick) {
  if (wanted.nick !== nick) {
    const name = nick.replace(/[^\p{L}\p{N}]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
    wanted = { nick, pattern: nick === "" ? null : new RegExp(`(?<![\\p{L}\\p{N}_][@-]?)@?${name}(?!-?[\\p{L}\\p{N}_])`, "giu") };
  }
  if (wanted.pattern) wanted.pattern.lastIndex = 0;
  return wanted.pattern;
}
