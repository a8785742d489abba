// Chooses the language of the page, and fills words in.
// Knows nothing about where the words are shown. A further language is one file in lang/ and one entry here.

import en from "./lang/en.js";
import ru from "./lang/ru.js";

/** @typedef {typeof en} Words */

/** The first is for those whose languages we don't have. @type {readonly Words[]} */
export const languages = [en, ru];

/** @param {readonly string[]} wanted as in `navigator.languages`, best first @returns {Words} */
export function choose(wanted) {
  for (const tag of wanted) {
    const code = tag.toLowerCase().split("-")[0];
    const found = languages.find((words) => words.code === code);
    if (found) return found;
  }
  return languages[0];
}

/**
 * The form of a word that goes with a number, with the number in it.
 * @param {Words} words @param {string} forms @param {number} n
 */
export function count(words, forms, n) {
  const all = forms.split("|");
  const index = words.plural.indexOf(new Intl.PluralRules(words.code).select(n));
  return (all[index] ?? all[all.length - 1]).replace("{n}", n.toLocaleString(words.code));
}
