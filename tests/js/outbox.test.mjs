// What is typed is kept until it is acknowledged, and sent in order.

import { test } from "node:test";
import assert from "node:assert/strict";
import { newIdentifier } from "../../static/protocol.js";
import { Outbox } from "../../static/outbox.js";
import { Keep } from "../../static/storage.js";

function memory() {
  const kept = new Map();
  return { get: (/** @type {string} */ name) => kept.get(name) ?? null, set: (/** @type {string} */ name, /** @type {unknown} */ value) => void kept.set(name, structuredClone(value)) };
}

/** @param {string[]} sent */
function sender(sent) {
  return (/** @type {{text: string}} */ { text }) => sent.push(text) > 0;
}

test("waits for a connection, then sends in order; again after a reconnect", () => {
  const outbox = new Outbox(memory());
  /** @type {string[]} */
  const sent = [];
  const first = outbox.add("one");
  outbox.add("two");
  assert.deepEqual(sent, []);
  outbox.attach(sender(sent));
  assert.deepEqual(sent, ["one", "two"]);
  outbox.add("three");
  outbox.remove(first.id);
  outbox.detach();
  outbox.attach(sender(sent));
  assert.deepEqual(sent, ["one", "two", "three", "two", "three"]);
  assert.equal(outbox.waiting, 2);
});

test("a socket that takes nothing more leaves the rest waiting", () => {
  const outbox = new Outbox(memory());
  outbox.add("one");
  outbox.add("two");
  let calls = 0;
  outbox.attach(() => ++calls < 2);
  assert.deepEqual(outbox.entries.map(({ sent }) => sent), [true, false]);
});

test("survives a reload with its ids and refusals", () => {
  const keep = memory();
  const before = new Outbox(keep);
  const one = before.add("one");
  const two = before.add("two");
  before.refuse(two.id, "text-too-long", "too long");
  const after = new Outbox(keep);
  assert.deepEqual(after.entries.map(({ id, refusal }) => [id, refusal]), [[one.id, null], [two.id, "too long"]]);
});

test("a refused one is not sent again until it is wanted", () => {
  const outbox = new Outbox(memory());
  /** @type {string[]} */
  const sent = [];
  const entry = outbox.add("one");
  outbox.attach(sender(sent));
  outbox.refuse(entry.id, "empty", "no");
  outbox.detach();
  outbox.attach(sender(sent));
  assert.equal(sent.length, 1);
  assert.equal(outbox.waiting, 0);
  outbox.retry(entry.id);
  assert.equal(sent.length, 2);
});

test("what could not be stored is sent again by itself", () => {
  /** @type {(() => void)[]} */
  const timers = [];
  const outbox = new Outbox(memory(), (action) => timers.push(action));
  /** @type {string[]} */
  const sent = [];
  const entry = outbox.add("one");
  outbox.attach(sender(sent));
  outbox.refuse(entry.id, "not-stored", "no");
  assert.equal(outbox.waiting, 1);
  outbox.add("two");
  outbox.add("/quit");
  assert.deepEqual(sent, ["one", "/quit"], "what follows keeps its place; a command has none");
  timers[0]();
  assert.deepEqual(sent, ["one", "/quit", "one", "two"]);
});

test("what may have made the server fail is not sent again by itself", () => {
  const outbox = new Outbox(memory());
  /** @type {string[]} */
  const sent = [];
  outbox.attach((input) => sent.length < 2 && sent.push(input.text) > 0);
  for (const text of ["one", "two", "three"]) outbox.add(text);
  outbox.suspect("could not cope");
  outbox.detach();
  assert.deepEqual(outbox.entries.map(({ refusal }) => refusal), ["could not cope", "could not cope", null]);
  outbox.remove(outbox.entries[0].id); // it had been said all the same
  outbox.attach((input) => sent.push(input.text) > 0);
  assert.deepEqual(sent, ["one", "two", "three"]);
});

test("commands count until they are sent, and can be forgotten", () => {
  const outbox = new Outbox(memory());
  outbox.add("/quit");
  outbox.add("//not a command");
  outbox.add("  /who");
  assert.equal(outbox.waiting, 3);
  outbox.attach(sender([]));
  assert.equal(outbox.waiting, 1);
  outbox.detach();
  outbox.removeCommands();
  assert.deepEqual(outbox.entries.map(({ text }) => text), ["//not a command"]);
});

test("a password is sent, and again after a reconnect, but never kept over a reload", () => {
  const written = /** @type {string[]} */ ([]);
  const keep = { get: () => null, set: (/** @type {string} */ _, /** @type {unknown} */ value) => void written.push(JSON.stringify(value)) };
  const outbox = new Outbox(keep);
  /** @type {string[]} */
  const sent = [];
  outbox.add("one");
  for (const text of ["/oper sesame", "/OPER sesame"]) {
    const entry = outbox.add(text);
    assert.ok(entry.command && entry.secret && outbox.isSecret(entry.id));
  }
  outbox.attach(sender(sent));
  outbox.detach();
  outbox.attach(sender(sent));
  outbox.refuse(outbox.entries[1].id, "denied", "no");
  assert.equal(sent.filter((text) => text.endsWith("sesame")).length, 4);
  assert.ok(written.some((value) => value.includes("one")));
  assert.ok(!written.some((value) => value.includes("sesame")));
  assert.ok(!outbox.isSecret(outbox.entries[0].id) && !outbox.isSecret(undefined));
});

test("one who was sent away keeps what waits, and sends it only when it is wanted", () => {
  const keep = memory();
  const outbox = new Outbox(keep);
  const refused = outbox.add("one");
  outbox.refuse(refused.id, "slow", "wait");
  const waiting = outbox.add("two");
  outbox.refuseAll("sent away");
  /** @type {string[]} */
  const sent = [];
  const after = new Outbox(keep);
  after.attach(sender(sent));
  assert.deepEqual(after.entries.map(({ text, refusal }) => [text, refusal]), [["one", "wait"], ["two", "sent away"]]);
  assert.deepEqual(sent, []);
  after.retry(waiting.id);
  assert.deepEqual(sent, ["two"]);
});

test("storage that is full or forbidden keeps things in memory", () => {
  const full = { getItem: () => null, setItem: () => { throw new Error("full"); }, removeItem: () => {} };
  for (const keep of [new Keep(() => full), new Keep(() => { throw new Error("forbidden"); })]) {
    keep.set("a", { b: 1 });
    assert.deepEqual(keep.get("a"), { b: 1 });
    keep.remove("a");
    assert.equal(keep.get("a"), null);
  }
});

test("ids are UUIDs even where the browser makes none", () => {
  const plain = { getRandomValues: crypto.getRandomValues.bind(crypto) };
  const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  for (const id of [newIdentifier(), newIdentifier(plain)]) assert.match(id, uuid);
  assert.notEqual(newIdentifier(plain), newIdentifier(plain));
});

test("what is refused all at once waits for a person; a password does not wait", () => {
  const outbox = new Outbox(memory());
  outbox.add("one");
  assert.equal(outbox.refuseAll("why"), false);
  outbox.add("/oper sesame");
  assert.equal(outbox.refuseAll("again"), true);
  assert.deepEqual(outbox.entries.map(({ text, refusal }) => [text, refusal]), [["one", "why"]]);
  assert.equal(outbox.waiting, 0);
});
