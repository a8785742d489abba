// The languages say the same things, the page names words that exist, and nothing opens a door to markup from outside.

import { test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { choose, count } from "../../static/language.js";
import { terminalCommand } from "../../static/view/entrance.js";

const folder = new URL("../../static/", import.meta.url);
/** @param {string} name */
const source = (name) => readFileSync(new URL(name, folder), "utf8");
const files = readdirSync(folder.pathname, { recursive: true }).map(String);
const codes = files.filter((name) => /^lang\/.*\.js$/.test(name)).map((name) => name.slice(5, -3)).sort();
/** @typedef {import("../../static/language.js").Words} Words */
/** @type {Words[]} */
const languages = await Promise.all(codes.map(async (code) => (await import(new URL(`lang/${code}.js`, folder).href)).default));
const inCode = (/** @type {string} */ code) => languages[codes.indexOf(code)];
const [en, ru] = [inCode("en"), inCode("ru")];
const scripts = files.filter((name) => name.endsWith(".js"));

test("all languages have the same keys, the same places to fill and all their forms", () => {
  const first = en;
  for (const words of languages) {
    assert.deepEqual(Object.keys(words), Object.keys(first));
    assert.ok(["ltr", "rtl"].includes(words.dir));
    const categories = new Intl.PluralRules(words.code).resolvedOptions().pluralCategories;
    assert.deepEqual([...words.plural].sort(), [...categories].sort());
    for (const [key, value] of Object.entries(words)) {
      if (typeof value !== "string") continue;
      assert.ok(value.length > 0, key);
      const model = String(/** @type {Record<string, unknown>} */ (first)[key]);
      const places = (/** @type {string} */ text) => [...new Set(text.match(/\{\w+\}/g))].sort();
      assert.deepEqual(places(value), places(model), key);
      if (model.includes("|")) assert.ok([1, words.plural.length].includes(value.split("|").length), key); // one where it fits all numbers
    }
  }
});

test("a language file is named after its language", () => {
  assert.ok(codes.length >= 2);
  assert.deepEqual(languages.map(({ code }) => code), codes);
});

test("the page offers the languages that there are", () => {
  assert.equal(source("index.html").match(/name="parley-languages" content="([^"]*)"/)?.[1], codes.join(" "));
});

test("the browser's languages choose", () => {
  assert.equal(choose(["de-DE", "ru-RU", "en"], ["en", "ru"]), "ru");
  assert.equal(choose(["de"], ["en", "ru"]), "en");
  assert.equal(choose([], ["en", "ru"]), "en");
  assert.equal(choose(["ru"], []), "en");
  assert.equal(choose(["pt-BR"], ["en", "pt"]), "pt");
  assert.equal(choose(["pt-br"], ["en", "pt", "pt-BR"]), "pt-BR");
  assert.equal(choose(["zh-Hant-TW"], ["en", "zh", "zh-Hant"]), "zh-Hant");
  assert.equal(choose(["pt"], ["en", "pt-BR"]), "en");
  assert.equal(choose(["constructor", "../../x", "ru "], ["en", "ru"]), "en");
});

test("numbers take their form", () => {
  assert.equal(count(ru, ru.people_count, 1), "1 человек");
  assert.equal(count(ru, ru.people_count, 3), "3 человека");
  assert.equal(count(ru, ru.people_count, 11), "11 человек");
  assert.equal(count(en, en.people_count, 2), "2 people");
  assert.equal(count(en, en.cleared, 1), "1 message of {nick} was removed by {by}");
  assert.equal(count(en, en.cleared, 3), "3 messages of {nick} were removed by {by}");
  assert.deepEqual([1, 2, 5, 21].map((n) => count(ru, ru.cleared, n).replace(/ от .*\} уда/, " уда").replace(/ опер.*/, "")),
    ["1 сообщение удалено", "2 сообщения удалены", "5 сообщений удалено", "21 сообщение удалено"]);
});

test("the words that the page names exist, and those of the entrance stand there in English", () => {
  const english = /** @type {Record<string, unknown>} */ (en);
  const page = source("index.html");
  const named = [...page.matchAll(/data-text="(\w+)"[^>]*>([^<]*)</g)];
  const written = named.filter(([, , text]) => text !== "");
  assert.ok(named.length > 10 && written.length > 2);
  for (const [, key] of named) assert.ok(english[key], key);
  for (const [, key, text] of written) assert.equal(text, english[key], key);
  const shownAtOnce = page.slice(0, page.indexOf('<main id="room"')); // the rest is filled in before anybody sees it
  assert.ok(shownAtOnce.includes('id="join-form"'));
  for (const [, key, text] of shownAtOnce.matchAll(/data-text="(\w+)"[^>]*>([^<]*)</g)) assert.equal(text, english[key], key);
  for (const [, key] of page.matchAll(/data-label="(\w+)"/g)) assert.ok(english[key], key);
});

test("no script makes markup from text, and the page holds no script or style of its own", () => {
  for (const name of scripts) {
    assert.ok(!/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|DOMParser|setAttribute\("style/.test(source(name)), name);
  }
  const page = source("index.html");
  assert.ok(!/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/.test(page));
});

test("nothing is fetched from elsewhere", () => {
  for (const name of ["index.html", ...files.filter((each) => each.endsWith(".css")), ...scripts]) {
    assert.ok(!/(?:https?:)?\/\/[\w-]+\.[a-z]/i.test(source(name)), name);
  }
});

test("each file says what it is", () => {
  for (const name of scripts) assert.match(source(name), /^\/\/ [\s\S]*?[Kk]nows nothing about/, name);
});

test("the command for a terminal", () => {
  assert.equal(terminalCommand("chat.lan", "9997"), "nc chat.lan 9997");
  assert.equal(terminalCommand("[::1]", "9997"), "nc ::1 9997");
});
