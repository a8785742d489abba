// What counts as unread, and what mentions somebody.

import { test } from "node:test";
import assert from "node:assert/strict";
import { MOST, Unread } from "../../static/unread.js";
import { initial } from "../../static/state.js";
import { nobody } from "../../static/ignored.js";
import { mentions } from "../../static/pieces.js";

/** @import {Change, State} from "../../static/state.js" */

/** @type {State} */
const ann = { ...initial, nick: "Ann" };

/** @param {number} seq @param {string} nick @param {string} [text] @returns {Change} */
function said(seq, nick, text = "hello") {
  return { kind: "append", live: true, event: { type: "said", room: "main", seq, ts: 1, nick, text } };
}

/** @param {number[]} seqs @returns {Change} */
function cleared(seqs) {
  return { kind: "append", live: true, event: { type: "cleared", room: "main", seq: 99, ts: 1, nick: "Bob", by: "Op", seqs } };
}

function started() {
  const unread = new Unread();
  unread.take([{ kind: "caught-up" }], ann, true);
  return unread;
}

test("messages of others count while one is away", () => {
  const unread = started();
  unread.take([said(1, "Bob"), said(2, "Ann"), said(3, "Cid")], ann, true);
  assert.deepEqual(unread.count(nobody), { messages: 2, mentioned: false });
  unread.take([said(4, "Bob")], ann, false);
  assert.deepEqual(unread.count(nobody), { messages: 2, mentioned: false });
  unread.clear();
  assert.deepEqual(unread.count(nobody), { messages: 0, mentioned: false });
});

test("the first replay is no news, what a broken connection held back is", () => {
  const unread = new Unread();
  unread.take([said(1, "Bob", "Ann?"), said(2, "Bob"), { kind: "caught-up" }], ann, true);
  assert.equal(unread.count(nobody).messages, 0);
  unread.take([said(3, "Bob"), { kind: "caught-up" }], ann, true);
  assert.equal(unread.count(nobody).messages, 1);
  unread.take([{ kind: "restarted" }, said(1, "Bob"), { kind: "caught-up" }], ann, true);
  assert.equal(unread.count(nobody).messages, 0);
});

test("a mention is told once, and only if it can be read", () => {
  const unread = started();
  const told = unread.take([said(1, "Bob", "hi Ann"), said(2, "Bob", "hello"), said(3, "Ann", "I am Ann")], ann, true);
  assert.deepEqual(told.map(({ seq }) => seq), [1]);
  assert.deepEqual(unread.count(nobody), { messages: 2, mentioned: true });
  assert.deepEqual(unread.take([said(4, "Bob", "Ann!"), cleared([4])], ann, true), []);
  unread.take([cleared([1, 2])], ann, true);
  assert.deepEqual(unread.count(nobody), { messages: 0, mentioned: false });
});

test("nobody hears of those who are ignored", () => {
  const ignoring = { ...ann, ignored: { nicks: new Set(["Bob"]), renames: [] } };
  const unread = started();
  assert.deepEqual(unread.take([said(1, "Bob", "Ann!")], ignoring, true), []);
  assert.equal(unread.count(ignoring.ignored).messages, 0);
  unread.take([said(2, "Cid", "Ann!"), said(3, "Dan")], ann, true);
  assert.deepEqual(unread.count({ nicks: new Set(["Cid"]), renames: [] }), { messages: 1, mentioned: false });
});

test("a mention is the whole nick, in any case", () => {
  for (const text of ["Ann", "hi ann!", "@Ann: look", "(ANN)", "я Ann", "- Ann -", "Ann-"]) assert.ok(mentions(text, "Ann"), text);
  for (const text of ["Anna", "Joann", "Ann_2", "", "ПривАnn", "ann-marie", "mary-ann"]) assert.ok(!mentions(text, "Ann"), text);
  assert.ok(mentions("да, Аня, да", "аня"));
  assert.ok(!mentions("аняня", "Аня"));
  assert.ok(mentions("see a.b*c?", "a.b*c"));
  assert.ok(!mentions("see axbbc", "a.b*c"));
  assert.ok(!mentions("anything", ""));
});

test("a night of messages is not counted one by one", () => {
  const unread = started();
  for (let seq = 1; seq <= MOST + 500; seq += 1) unread.take([said(seq, "Bob", seq === 1 ? "Ann?" : "hello")], ann, true);
  assert.equal(unread.count(nobody).messages, MOST);
});
