// What a text may go on with.

import assert from "node:assert/strict";
import { test } from "node:test";

import { readCommands } from "../../static/protocol.js";
import { complete, named, offer } from "../../static/completion.js";
import { emojiNamed } from "../../static/emoji.js";

const commands = readCommands([
  { name: "kick", usage: "/kick nick [reason]", help: "put somebody out", operator: true },
  { name: "nickname", usage: "/nickname new_nick", help: "change your nick", aliases: ["nick"] },
  { name: "who", usage: "/who", help: "who is here" },
]);
const known = { commands, people: new Set(["Alex", "Alexandra", "Ann", "Боб", "[x] y"]), nick: "Ann" };

/** @param {string} marked a text with | for the caret @param {typeof offer} how */
function suggested(marked, how = offer) {
  const caret = marked.indexOf("|");
  const text = marked.replace("|", "");
  const found = how(text, caret, known);
  if (found === null) return null;
  return found.suggestions.map((suggestion) => text.slice(0, found.from) + suggestion.text + text.slice(found.to));
}

test("commands are offered after a slash at the start, those for operators last", () => {
  assert.deepEqual(suggested("/|"), ["/nickname ", "/who ", "/kick "]);
  assert.deepEqual(suggested("/NI|"), ["/nickname "]);
  assert.deepEqual(offer("/k", 2, known)?.suggestions, [
    { text: "/kick ", label: "/kick nick [reason]", hint: "put somebody out", operator: true },
  ]);
  for (const text of ["//|", "a /|", "/who |", "/dance|", "|/"]) assert.equal(suggested(text), null, text);
});

test("nicks are offered after an at sign, without one's own", () => {
  assert.deepEqual(suggested("@al|"), ["@Alex ", "@Alexandra "]);
  assert.deepEqual(suggested("so @б|, yes"), ["so @Боб , yes"]);
  assert.deepEqual(suggested("@|"), ["@[x] y ", "@Alex ", "@Alexandra ", "@Боб "]);
  assert.deepEqual(suggested("@[X] |"), ["@[x] y "]);
  assert.deepEqual(suggested("(@al|"), ["(@Alex ", "(@Alexandra "]);
  for (const text of ["@an|", "mail@al|", "@al |", "@Alex |", "@Alex, al|"]) assert.equal(suggested(text), null, text);
});

test("Tab completes the nick that a word begins", () => {
  assert.deepEqual(suggested("alexa|", complete), ["Alexandra: "]);
  assert.deepEqual(suggested("hi alexa|", complete), ["hi Alexandra "]);
  assert.deepEqual(suggested("/kick Б|", complete), ["/kick Боб "]);
  assert.deepEqual(suggested("AL|", complete), ["Alex: ", "Alexandra: "]);
  assert.deepEqual(suggested("so @alexa|", complete), ["so @Alexandra "]);
  assert.deepEqual(suggested("(alexa|", complete), ["(Alexandra "]);
  assert.deepEqual(suggested("I saw [x] |", complete), ["I saw [x] y "]);
  for (const text of ["|", "hello |", "zz|", "ann|", "Alex |", "royal|"]) assert.equal(suggested(text, complete), null, text);
});

test("no more than a hundred are offered", () => {
  const people = new Set(Array.from({ length: 5000 }, (_, n) => `guest ${n}`));
  assert.equal(offer("@gu", 3, { ...known, people })?.suggestions.length, 100);
  assert.equal(complete("gu", 2, { ...known, people })?.suggestions.length, 100);
});

test("emoji are offered by name, those that begin so first", () => {
  assert.equal(suggested("yes :rock|")?.[0], "yes 🚀 ");
  assert.equal(offer(":heart", 6, known)?.suggestions[0].hint, ":heart:");
  assert.ok(offer(":heart", 6, known)?.suggestions.some(({ hint }) => hint === ":broken_heart:"));
  for (const text of [":r|", "12:rocket|", "a:rocket|", "`:rocket|", "::rocket|"]) assert.equal(suggested(text), null, text);
});

test("a closed name is its emoji, but not in code", () => {
  assert.deepEqual(named("so :fire:", 9), { from: 3, to: 9, text: "🔥" });
  assert.deepEqual(named(":+1: and", 4), { from: 0, to: 4, text: "👍" });
  for (const text of [":nothing_of_the_sort:", "`:fire:", "```\n:fire:", "10:30:", "::", "std::new:", "12:100:", "urn:x:"]) assert.equal(named(text, text.length), null, text);
  assert.notEqual(named("`a` :fire:", 10), null);
});

test("emoji have names that can be typed", () => {
  assert.ok(emojiNamed().size > 99);
  for (const [name, emoji] of emojiNamed()) {
    assert.match(name, /^[a-z\d_+-]{1,20}$/);
    assert.match(emoji, /^\p{Extended_Pictographic}\uFE0F?$/u, name);
  }
});

test("commands that can't be read are left out", () => {
  for (const value of [undefined, null, "x", 5, {}]) assert.deepEqual(readCommands(value), []);
  assert.deepEqual(readCommands([null, {}, { name: 1, usage: "", help: "" }, { name: "a", usage: "/a", help: "b", aliases: [1, "c"], operator: 1 }]), [
    { name: "a", usage: "/a", help: "b", aliases: ["c"], operator: false },
  ]);
});
