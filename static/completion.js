// What a text that is being written may go on with: commands, nicks, emoji.
// Knows nothing about the page; it is given a text, the place of the caret, and what there is.

import { emojiNamed } from "./emoji.js";

/** @import {Command} from "./protocol.js" */

/** @typedef {{commands: readonly Command[], people: Iterable<string>, nick: string}} Known */
/** @typedef {{text: string, label: string, hint: string, operator: boolean}} Suggestion `text` is what is put in */
/** @typedef {{from: number, to: number, suggestions: Suggestion[]}} Completion what is between `from` and `to` is replaced */

const MOST_EMOJI = 20;

/**
 * What to offer without being asked: after `/`, `@` and `:`.
 * @param {string} text @param {number} caret @param {Known} known @returns {Completion | null}
 */
export function offer(text, caret, known) {
  const before = text.slice(0, caret);
  const [, command] = before.match(/^\/([\p{L}\d_-]*)$/u) ?? [];
  if (command !== undefined) return completion(0, caret, commands(command, known));
  const [, nick] = before.match(/(?:^|\s)@([^\s@]{0,32})$/u) ?? [];
  if (nick !== undefined) return completion(caret - nick.length - 1, caret, nicks(nick, known, "@", " "));
  const [, name] = before.match(/(?:^|[^\p{L}\d:]):([a-z\d_+-]{2,})$/u) ?? [];
  if (name !== undefined && !inCode(before)) return completion(caret - name.length - 1, caret, emoji(name));
  return null;
}

/**
 * What to offer when Tab is pressed behind a word: whoever it is the beginning of.
 * @param {string} text @param {number} caret @param {Known} known @returns {Completion | null}
 */
export function complete(text, caret, known) {
  const word = text.slice(0, caret).match(/[^\s@]+$/u)?.[0] ?? "";
  if (word === "") return null;
  const from = caret - word.length;
  return completion(from, caret, nicks(word, known, "", from === 0 ? ": " : " "));
}

/**
 * The emoji that a name between colons, just closed before the caret, stands for.
 * @param {string} text @param {number} caret @returns {{from: number, to: number, text: string} | null}
 */
export function named(text, caret) {
  const before = text.slice(0, caret);
  const name = before.match(/:([a-z\d_+-]+):$/)?.[1];
  const found = name === undefined || inCode(before) ? undefined : emojiNamed().get(name);
  return name === undefined || found === undefined ? null : { from: caret - name.length - 2, to: caret, text: found };
}

/** @param {number} from @param {number} to @param {Suggestion[]} suggestions */
function completion(from, to, suggestions) {
  return suggestions.length === 0 ? null : { from, to, suggestions };
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

/** @param {string} typed @param {Known} known @param {string} before @param {string} after @returns {Suggestion[]} */
function nicks(typed, known, before, after) {
  const wanted = typed.toLowerCase();
  return [...known.people]
    .filter((nick) => nick !== known.nick && nick.toLowerCase().startsWith(wanted))
    .sort((a, b) => a.localeCompare(b))
    .map((nick) => ({ text: `${before}${nick}${after}`, label: nick, hint: "", operator: false }));
}

/** Names that begin so, then names that hold it; the short ones first. @param {string} typed @returns {Suggestion[]} */
function emoji(typed) {
  const all = [...emojiNamed()].filter(([name]) => name.includes(typed));
  return all
    .sort(([a], [b]) => Number(b.startsWith(typed)) - Number(a.startsWith(typed)) || a.length - b.length)
    .slice(0, MOST_EMOJI)
    .map(([name, character]) => ({ text: `${character} `, label: character, hint: `:${name}:`, operator: false }));
}
