// What a text that is being written may go on with: commands, nicks, emoji.
// Knows nothing about the page; it is given a text, the place of the caret, and what there is.

import { emojiNamed } from "./emoji.js";

/** @import {Command} from "./protocol.js" */

/** @typedef {{commands: readonly Command[], people: Iterable<string>, nick: string}} Known */
/** @typedef {{text: string, label: string, hint: string, operator: boolean}} Suggestion `text` is what is put in */
/** @typedef {{from: number, to: number, suggestions: Suggestion[]}} Completion what is between `from` and `to` is replaced */

const MOST = 100;
const MOST_NICK_CHARACTERS = 40;
const order = new Intl.Collator();

/**
 * What to offer without being asked: after `/`, `@` and `:`.
 * @param {string} text @param {number} caret @param {Known} known @returns {Completion | null}
 */
export function offer(text, caret, known) {
  const before = text.slice(0, caret);
  const [, command] = before.match(/^\/([\p{L}\d_-]*)$/u) ?? [];
  if (command !== undefined) return completion(0, caret, commands(command, known));
  const [, nick] = before.slice(-MOST_NICK_CHARACTERS).match(/(?:^|[^\p{L}\d])@([^@\n]*)$/u) ?? [];
  if (nick !== undefined) {
    const found = completion(caret - nick.length - 1, caret, nicks(nick, known, "@", " "));
    if (found) return found;
  }
  const [, name] = before.match(/(?<![\p{L}\d:]):([a-z\d_+-]{2,32})$/u) ?? [];
  if (name !== undefined && !inCode(before)) return completion(caret - name.length - 1, caret, emoji(name));
  return null;
}

/**
 * What to offer when Tab is pressed behind a word: whoever it is the beginning of.
 * @param {string} text @param {number} caret @param {Known} known @returns {Completion | null}
 */
export function complete(text, caret, known) {
  for (let from = Math.max(0, caret - MOST_NICK_CHARACTERS); from < caret; from += 1) {
    if (/[\p{L}\d]$/u.test(text.slice(Math.max(0, from - 2), from)) || /\s/.test(text[from])) continue;
    const found = completion(from, caret, nicks(text.slice(from, caret), known, "", from === 0 ? ": " : " "));
    if (found) return found;
  }
  return null;
}

/**
 * The emoji that a name between colons, just closed before the caret, stands for.
 * @param {string} text @param {number} caret @returns {{from: number, to: number, text: string} | null}
 */
export function named(text, caret) {
  const before = text.slice(0, caret);
  const name = before.match(/(?<![\p{L}\d:]):([a-z\d_+-]{1,32}):$/u)?.[1];
  const found = name === undefined || inCode(before) ? undefined : emojiNamed().get(name);
  return name === undefined || found === undefined ? null : { from: caret - name.length - 2, to: caret, text: found };
}

/** @param {number} from @param {number} to @param {Suggestion[]} suggestions */
function completion(from, to, suggestions) {
  return suggestions.length === 0 ? null : { from, to, suggestions: suggestions.slice(0, MOST) };
}

/** Whether code has begun, and not ended. @param {string} before */
function inCode(before) {
  return before.split("`").length % 2 === 0;
}

/** Those for everybody first. @param {string} typed @param {Known} known @returns {Suggestion[]} */
function commands(typed, known) {
  const wanted = typed.toLowerCase();
  return known.commands
    .filter(({ name, aliases }) => [name, ...aliases].some((each) => each.startsWith(wanted)))
    .sort((a, b) => Number(a.operator) - Number(b.operator))
    .map(({ name, usage, help, operator }) => ({ text: `/${name} `, label: usage, hint: help, operator }));
}

/** None where a whole nick stands there already. @param {string} typed @param {Known} known @param {string} before @param {string} after @returns {Suggestion[]} */
function nicks(typed, known, before, after) {
  const wanted = typed.toLowerCase();
  const found = [...known.people].filter((nick) => nick !== known.nick && nick.toLowerCase().startsWith(wanted.trimEnd()));
  if (wanted.endsWith(" ") && found.some((nick) => nick.length === wanted.trimEnd().length)) return [];
  return found
    .filter((nick) => nick.toLowerCase().startsWith(wanted))
    .sort(order.compare)
    .map((nick) => ({ text: `${before}${nick}${after}`, label: nick, hint: "", operator: false }));
}

/** Names that begin so, then names that hold it; the short ones first. @param {string} typed @returns {Suggestion[]} */
function emoji(typed) {
  const all = [...emojiNamed()].filter(([name]) => name.includes(typed));
  return all
    .sort(([a], [b]) => Number(b.startsWith(typed)) - Number(a.startsWith(typed)) || a.length - b.length)
    .map(([name, character]) => ({ text: `${character} `, label: character, hint: `:${name}:`, operator: false }));
}
