// Going back to what was sent.

import assert from "node:assert/strict";
import { test } from "node:test";

import { MOST_SENT_CHARACTERS as MOST_CHARACTERS, MOST_TEXTS, Sent } from "../../static/memory.js";

/** @param {Record<string, unknown>} [kept] */
function keeping(kept = {}) {
  return {
    kept,
    /** @param {string} name */
    get: (name) => kept[name],
    /** @param {string} name @param {unknown} value */
    set: (name, value) => { kept[name] = structuredClone(value); },
    /** @param {string} name */
    remove: (name) => { delete kept[name]; },
  };
}

test("back to the oldest, and forth to nothing", () => {
  const sent = new Sent(keeping());
  for (const text of ["one", "two", "two", "three"]) sent.add(text);
  assert.deepEqual([sent.older(), sent.older(), sent.older(), sent.older()], ["three", "two", "one", null]);
  assert.deepEqual([sent.newer(), sent.newer(), sent.newer(), sent.newer()], ["two", "three", "", null]);
});

test("what somebody writes is not what is shown", () => {
  const sent = new Sent(keeping());
  sent.add("one");
  assert.ok(sent.isShown(""));
  assert.ok(!sent.isShown("draft"));
  sent.older();
  assert.ok(sent.isShown("one"));
  assert.ok(!sent.isShown("one more"));
  sent.leave();
  assert.equal(sent.newer(), null);
  assert.equal(sent.older(), "one");
});

test("it outlives a reload, but holds no secret and not too much", () => {
  const keep = keeping();
  const sent = new Sent(keep);
  sent.add("/oper hunter2");
  assert.ok(!JSON.stringify(keep.kept).includes("hunter2"));
  for (let n = 0; n < MOST_TEXTS + 10; n += 1) sent.add(`text ${n}`);
  assert.equal(new Sent(keep).older(), `text ${MOST_TEXTS + 9}`);
  assert.equal(/** @type {string[]} */ (keep.kept.sent).length, MOST_TEXTS);
  sent.add("x".repeat(MOST_CHARACTERS - 3));
  assert.equal(/** @type {string[]} */ (keep.kept.sent).length, 1);
  sent.forget();
  assert.deepEqual(keep.kept, {});
  assert.equal(new Sent(keep).older(), null);
});

test("what is kept may be anything", () => {
  for (const value of [null, "x", 5, [1, "two", null]]) {
    const sent = new Sent(keeping({ sent: value }));
    assert.equal(sent.older(), Array.isArray(value) ? "two" : null);
  }
});
