// The way from text to message and back; every server example of the contract must be readable.

import { test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { countCharacters, decode, encode, isCommand, isRemoved, isSecret, read } from "../../static/protocol.js";

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

test("moderation: what was removed, and who is ignored", () => {
  const cleared = { type: "cleared", room: "main", seq: 9, ts: 1, nick: "Bob", by: "Ann", seqs: [3, 4] };
  assert.deepEqual(read(cleared), cleared);
  assert.equal(read({ ...cleared, seqs: [3, "4"] }), null);
  assert.equal(read({ ...cleared, seqs: 3 }), null);
  assert.equal(read({ ...cleared, by: undefined }), null);
  const history = read({ type: "history", room: "main", more: false, events: [cleared] });
  assert.deepEqual(history?.type === "history" && history.events, [cleared]);
  assert.deepEqual(read({ type: "ignoring", nicks: [] }), { type: "ignoring", nicks: [] });
  assert.equal(read({ type: "ignoring", nicks: "Bob" }), null);
  const said = /** @type {const} */ ({ type: "said", room: "main", seq: 1, ts: 1, nick: "Bob", text: "" });
  assert.ok(isRemoved(said));
  assert.ok(!isRemoved({ ...said, text: " " }));
  assert.ok(!isRemoved({ type: "joined", room: "main", seq: 1, ts: 1, nick: "Bob" }));
});

test("characters are code points", () => {
  assert.equal(countCharacters("аб👍"), 3);
});

test("commands", () => {
  for (const text of ["/who", " /who", "\u200b/who", "\u200b \u200b/who ", "/", "/kick Bob\nwhy", "/who\n"]) assert.ok(isCommand(text), text);
  for (const text of ["//who", " //who", "/\u200b/who", "\n/who", " /who\nand so", "\r/who"]) assert.ok(!isCommand(text), text);
  assert.ok(!isCommand("who"));
});

test("a line that holds a password", () => {
  for (const text of ["/oper", "/oper x", "/Oper x", "/oper\nx", " /oper x", "\n/oper x", "\u200b/oper x", "/\u200boper x"]) assert.ok(isSecret(text), text);
  for (const text of ["//oper x", "/ope x", "an /oper x", "/nick oper"]) assert.ok(!isSecret(text), text);
});
