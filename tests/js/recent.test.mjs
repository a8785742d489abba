// What a reload without a connection shows: the last events, and nothing that nobody shall read.

import { test } from "node:test";
import assert from "node:assert/strict";
import { MOST_CHARACTERS, MOST_EVENTS, Recent } from "../../static/memory.js";
import { nobody } from "../../static/ignored.js";

/** @import {Change} from "../../static/state.js" */

class Drawer {
  /** @type {Map<string, unknown>} */
  values = new Map();
  writes = 0;

  /** @param {string} name */
  get(name) {
    return this.values.get(name) ?? null;
  }

  /** @param {string} name @param {unknown} value */
  set(name, value) {
    this.writes += 1;
    this.values.set(name, value);
  }

  /** @param {string} name */
  remove(name) {
    this.values.delete(name);
  }
}

/** @param {number} seq @param {string} [nick] @param {string} [text] @returns {Change} */
function said(seq, nick = "Bob", text = `text ${seq}`) {
  return { kind: "append", live: true, event: { type: "said", room: "main", seq, ts: 1, nick, text } };
}

/** @param {Drawer} drawer */
function texts(drawer) {
  return new Recent(drawer).kept.map((event) => (event.type === "said" ? event.text : event.type));
}

test("the last events are kept, in order", () => {
  const drawer = new Drawer();
  const recent = new Recent(drawer);
  recent.take(Array.from({ length: MOST_EVENTS + 20 }, (_, n) => said(n + 1, "Bob", `${n + 1}\nsecond line`)));
  recent.save(nobody);
  assert.deepEqual(texts(drawer), Array.from({ length: MOST_EVENTS }, (_, n) => `${n + 21}\nsecond line`));
});

test("only what changed is written", () => {
  const drawer = new Drawer();
  const recent = new Recent(drawer);
  recent.save(nobody);
  assert.equal(drawer.writes, 0);
  recent.take([said(1)]);
  recent.save(nobody);
  recent.save(nobody);
  recent.take([{ kind: "earlier" }]);
  recent.save(nobody);
  assert.equal(drawer.writes, 1);
});

test("long messages do not fill the storage", () => {
  const drawer = new Drawer();
  const recent = new Recent(drawer);
  recent.take(Array.from({ length: 50 }, (_, n) => said(n, "Bob", `${n}${"x".repeat(4000)}`)));
  recent.save(nobody);
  const kept = texts(drawer);
  assert.ok(kept.length > 20 && kept.length < 25, `${kept.length}`);
  assert.ok(kept.at(-1)?.startsWith("49x"));
  assert.ok(String(drawer.get("recent")).length <= MOST_CHARACTERS);
});

test("what was removed, and who is ignored, is not kept", () => {
  const drawer = new Drawer();
  const recent = new Recent(drawer);
  recent.take([said(1, "Bob", "a secret"), said(2, "Cid", "a word")]);
  recent.save(nobody);
  assert.deepEqual(texts(drawer), ["a secret", "a word"]);
  const event = { room: "main", seq: 3, ts: 1, nick: "Bob", by: "Op", seqs: [1] };
  recent.take([{ kind: "append", live: true, event: { type: "cleared", ...event } }]);
  recent.save(nobody);
  assert.deepEqual(texts(drawer), ["", "a word", "cleared"]);
  const ignored = { nicks: new Set(["Cid"]), renames: [] };
  recent.take([{ kind: "ignoring", ignored }]);
  recent.save(ignored);
  assert.deepEqual(texts(drawer), ["", "cleared"]);
});

test("another log, and leaving, leave nothing behind", () => {
  const drawer = new Drawer();
  const recent = new Recent(drawer);
  recent.take([said(1), said(2)]);
  recent.take([{ kind: "restarted" }, said(1, "Bob", "anew")]);
  recent.save(nobody);
  assert.deepEqual(texts(drawer), ["anew"]);
  recent.forget();
  assert.deepEqual([...drawer.values], []);
  recent.take([said(2, "Bob", "after")]);
  recent.save(nobody);
  assert.deepEqual(texts(drawer), ["after"]);
});

test("what can't be read is not shown", () => {
  const drawer = new Drawer();
  for (const value of [null, 7, {}, "{", '{"type":"said"}\n{"type":"welcome"}']) {
    drawer.set("recent", value);
    assert.deepEqual(new Recent(drawer).kept, []);
  }
});
