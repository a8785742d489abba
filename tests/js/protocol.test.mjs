// The way from text to message and back; every server example of the contract must be readable.

import { test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { countCharacters, decode, encode, isCommand, read } from "../../static/protocol.js";

/** @param {string} side */
function examples(side) {
  const page = readFileSync(new URL("../../docs/PROTOCOL.md", import.meta.url), "utf8");
  const block = page.split(`✉ ${side}\n\`\`\`json\n`)[1] ?? "";
  return block.split("\n```")[0].split("\n");
}

test("every example of the contract is understood", () => {
  const lines = examples("server");
  assert.ok(lines.length >= 9);
  assert.deepEqual(decode(lines.join("\n")), lines.map((line) => JSON.parse(line)));
});

test("what a client may send is one line each", () => {
  for (const line of examples("client")) assert.equal(encode(JSON.parse(line)), line);
  assert.ok(!encode({ type: "input", text: "two\nlines" }).includes("\n"));
});

test("what is unknown or malformed is left out, and the rest is kept", () => {
  const frame = ['{"type":"pong"}', "", "{", "[]", "null", '{"type":"weather"}', '{"type":"constructor"}', '{"type":"pong","id":7}',
    '{"type":"pong","id":"1","mood":"good"}'].join("\n");
  assert.deepEqual(decode(frame), [{ type: "pong" }, { type: "pong", id: "1", mood: "good" }]);
});

test("a time that no date can hold is refused", () => {
  const said = { type: "said", room: "main", seq: 1, nick: "a", text: "b" };
  assert.equal(read({ ...said, ts: 1e300 }), null);
  assert.equal(read({ ...said, ts: 1, seq: 1.5 }), null);
  assert.ok(read({ ...said, ts: 1 }));
});

test("history holds events only", () => {
  const said = { type: "said", room: "main", seq: 1, ts: 1, nick: "a", text: "b" };
  const history = read({ type: "history", room: "main", more: false, events: [said, { type: "pong" }, 5] });
  assert.deepEqual(history, { type: "history", room: "main", more: false, events: [said] });
});

test("characters are code points", () => {
  assert.equal(countCharacters("аб👍"), 3);
});

test("commands", () => {
  assert.ok(isCommand("/who"));
  assert.ok(!isCommand("//who"));
  assert.ok(!isCommand("who"));
});
