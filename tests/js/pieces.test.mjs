// What a message is made of.

import assert from "node:assert/strict";
import { test } from "node:test";

import { mentions, piecesOf } from "../../static/pieces.js";

/** @param {string} text @param {string} [nick] each piece as kind:text, plain ones as they are */
function taken(text, nick = "") {
  return piecesOf(text, nick).map((piece) => (piece.kind === "plain" ? piece.text : `${piece.kind}:${piece.text}`));
}

test("links end where the address ends", () => {
  for (const [text, pieces] of /** @type {[string, string[]][]} */ ([
    ["see https://example.org/a?b=c#d.", ["see ", "link:https://example.org/a?b=c#d", "."]],
    ["(http://example.org)", ["(", "link:http://example.org", ")"]],
    ["http://en.wikipedia.org/wiki/Nick_(name)", ["link:http://en.wikipedia.org/wiki/Nick_(name)"]],
    ["(see http://a.b/c_(d)), then", ["(see ", "link:http://a.b/c_(d)", "), then"]],
    ["HTTPS://EXAMPLE.ORG!!!", ["link:HTTPS://EXAMPLE.ORG", "!!!"]],
    ["https://пример.рф/путь?«да»", ["link:https://пример.рф/путь?«да", "»"]],
    ["http://[::1]:8080/x and http://a.b", ["link:http://[::1]:8080/x", " and ", "link:http://a.b"]],
    ["https://a.b/%D1%82%20x\nhttp://c.d", ["link:https://a.b/%D1%82%20x", "\n", "link:http://c.d"]],
    ["<http://a.b/>", ["<", "link:http://a.b/", ">"]],
    ["https://a.b/]]]]", ["link:https://a.b/", "]]]]"]],
  ])) assert.deepEqual(taken(text), pieces, text);
});

test("what is no address stays text", () => {
  for (const text of [
    "javascript:alert(1)", "data:text/html,x", "ftp://a.b", "file:///etc/passwd", "http://", "https://...", "xhttp://a.b", "http:// a.b",
    "//a.b", "a.b", "http://[", "view-source:http", "https://%%%",
  ]) assert.deepEqual(taken(text), [text], text);
});

test("code within a line", () => {
  assert.deepEqual(taken("run `ls -l` now"), ["run ", "code:ls -l", " now"]);
  assert.deepEqual(taken("`a` `b`"), ["code:a", " ", "code:b"]);
  assert.deepEqual(taken("`http://a.b` http://a.b"), ["code:http://a.b", " ", "link:http://a.b"]);
  for (const text of ["`", "``", "a ` b", "`a\nb`", "` `", "it's `"]) assert.deepEqual(taken(text), [text], text);
  assert.deepEqual(taken("a `\n`b`"), ["a `\n", "code:b"]);
});

test("code blocks", () => {
  assert.deepEqual(taken("see\n```\na\n  b\n```\nok"), ["see", "block:a\n  b", "ok"]);
  assert.deepEqual(taken("```py\nprint(`1`)\n```"), ["block:print(`1`)"]);
  assert.deepEqual(taken("```c++\nint a;```"), ["block:int a;"]);
  assert.deepEqual(taken("```one``` two"), ["block:one", " two"]);
  assert.deepEqual(taken("```a``` and ```b"), ["block:a", " and ```b"]);
  assert.deepEqual(taken("```http://a.b Ann```", "Ann"), ["block:http://a.b Ann"]);
  assert.deepEqual(taken("``````"), ["``````"]);
});

test("one's own nick", () => {
  assert.deepEqual(taken("Ann: hello, @ann and ANN", "Ann"), ["mention:Ann", ": hello, ", "mention:@ann", " and ", "mention:ANN"]);
  assert.deepEqual(taken("Annabel, Joann, an_ann, ann7, mail@ann", "Ann"), ["Annabel, Joann, an_ann, ann7, mail@ann"]);
  assert.deepEqual(taken("`Ann` http://ann.org/Ann", "Ann"), ["code:Ann", " ", "link:http://ann.org/Ann"]);
  assert.deepEqual(taken("Анна, привет", "Анна"), ["mention:Анна", ", привет"]);
  assert.deepEqual(taken("مرحبا سارة!", "سارة"), ["مرحبا ", "mention:سارة", "!"]);
  assert.deepEqual(taken("hi 🦊.*fox and a.c, abc", "🦊.*fox"), ["hi ", "mention:🦊.*fox", " and a.c, abc"]);
  assert.deepEqual(taken("abc a.c", "a.c"), ["abc ", "mention:a.c"]);
  assert.deepEqual(taken("Big Ben says", "big ben"), ["mention:Big Ben", " says"]);
  assert.deepEqual(taken("anything", ""), ["anything"]);
});

test("a notification and a mark agree", () => {
  for (const [text, mentioned] of /** @type {[string, boolean][]} */ ([
    ["hi Ann", true], ["hi `Ann`", false], ["```\nAnn\n```", false], ["http://a.b/Ann", false], ["Annie", false], ["Ann `x`", true],
  ])) assert.equal(mentions(text, "Ann"), mentioned, text);
  assert.ok(mentions("Ann", "Ann"));
  assert.ok(mentions("Ann", "Ann"), "twice the same");
});

test("nothing is lost but the marks", () => {
  const text = "a `b` c ```d``` https://e.f/(g). @Ann ` ``` h";
  assert.equal(piecesOf(text, "Ann").map(({ text: piece }) => piece).join("").replaceAll(/[` ]/g, ""), text.replaceAll(/[` ]/g, ""));
});

test("a nasty text takes no longer than others", () => {
  const long = 4000;
  const nasty = ["`", "```", "``", "`\n", "https://", "http://a.b/((((", "http://a.b/))))", "http://a.b/.", "@Ann", "@", "http://a:b@", "```a\n", "Ann`", "http://[::"];
  const times = nasty.map((part) => {
    const text = part.repeat(long / part.length);
    const begin = performance.now();
    for (let n = 0; n < 20; n += 1) piecesOf(text, "Ann");
    return (performance.now() - begin) / 20;
  });
  assert.ok(Math.max(...times) < 20, `${times.map((ms) => ms.toFixed(1))} ms`); // hundreds where it is quadratic
});
