// Chooses the language of the page, brings its words, and fills numbers in.
// Knows nothing about where the words are shown. A further language is one file in lang/, and nothing else.

import en from "./lang/en.js";

/** @typedef {typeof en} Words */

/** The language of those whose languages we don't have; it stands in the page already. */
const DEFAULT = en.code;

/**
 * Source: RFC 4647, section 3.4: "pt-BR" is served by pt-BR.js, or else by pt.js.
 * @param {readonly string[]} wanted as in `navigator.languages`, best first
 * @param {readonly string[]} offered the codes of the languages that there are
 * @returns {string} one of those, or English
 */
export function choose(wanted, offered) {
  for (const tag of wanted) {
    for (let range = tag.toLowerCase(); range !== ""; range = range.slice(0, Math.max(0, range.lastIndexOf("-")))) {
      const found = offered.find((code) => code.toLowerCase() === range);
      if (found) return found;
    }
  }
  return DEFAULT;
}

/** The codes of the languages that there are, as the gateway found them. */
export function offered() {
  const meta = document.querySelector('meta[name="parley-languages"]');
  return meta?.getAttribute("content")?.split(" ") ?? [];
}

/**
 * The words of a language; what it lacks is in English, and all of it if it can't be had.
 * @param {string} code one that is offered @returns {Words | Promise<Words>} at once for English
 */
export function load(code) {
  if (code === DEFAULT) return en;
  // The page has loaded when its words are there: unlike import(), an element makes it wait.
  const script = document.createElement("script");
  script.type = "module";
  script.src = new URL(`lang/${code}.js`, import.meta.url).href;
  document.head.append(script);
  return import(script.src).then(({ default: words }) => ({ ...en, ...words }), () => en);
}

/**
 * How times and dates are written: as the person is used to, where that goes with the language of the page.
 * @param {Words} words @param {readonly string[]} [wanted]
 */
export function localeOf(words, wanted = navigator.languages) {
  return wanted.find((tag) => tag.split("-")[0].toLowerCase() === words.code.split("-")[0]) ?? words.code;
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
