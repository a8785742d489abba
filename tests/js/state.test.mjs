// The reducer: what is new, what is not, who is here.

import { test } from "node:test";
import assert from "node:assert/strict";
import { forgotten, hides } from "../../static/ignored.js";
import { caughtUp, initial, readRemembered, reduce, restore } from "../../static/state.js";

/** @import {State, Change} from "../../static/state.js" */

/** @param {Partial<import("../../static/protocol.js").Welcome>} [fields] */
function welcome(fields = {}) {
  return /** @type {const} */ ({
    type: "welcome", nick: "Ann", session: "s", room: "main", epoch: "e", live: 2, resumed: false, ...fields,
  });
}

/** @param {number} seq @param {string} [text] */
function said(seq, text = `text ${seq}`) {
  return /** @type {const} */ ({ type: "said", room: "main", seq, ts: 1, nick: "Bob", text });
}

/** @param {number} seq @param {string} nick @param {string} new_nick */
function renamed(seq, nick, new_nick) {
  return /** @type {const} */ ({ type: "renamed", room: "main", seq, ts: 1, nick, new_nick });
}

/** @param {number} seq @param {number[]} seqs */
function cleared(seq, seqs) {
  return /** @type {const} */ ({ type: "cleared", room: "main", seq, ts: 1, nick: "Bob", by: "Ann", seqs });
}

/** @param {...string} nicks */
function ignoring(...nicks) {
  return { type: "ignoring", nicks };
}

/** The texts of all messages that are to be shown, in whatever place. @param {Change[]} changes */
function texts(changes) {
  const events = changes.flatMap((change) => change.kind === "append" ? [change.event] : change.kind === "prepend" ? change.items : []);
  return events.flatMap((event) => event.type === "said" ? [event.text] : []);
}

/** @param {State} state @param {...any} messages @returns {[State, Change[]]} */
function run(state, ...messages) {
  /** @type {Change[]} */
  const all = [];
  for (const message of messages) {
    const [next, changes] = reduce(state, message);
    state = next;
    all.push(...changes);
  }
  return [state, all];
}

/** @param {Change[]} changes */
function shown(changes) {
  /** @type {(number | string)[]} */
  const lines = [];
  for (const change of changes) {
    if (change.kind === "append") lines.push(change.event.seq);
    if (change.kind === "gap") lines.push(`gap ${change.from}-${change.to}`);
  }
  return lines;
}

test("each event is shown once and in order", () => {
  const [state, changes] = run(initial, welcome(), said(1), said(2), said(2), said(1), said(3));
  assert.deepEqual(shown(changes), [1, 2, 3]);
  assert.equal(state.newest, 3);
  assert.equal(state.earlier, false);
});

test("the replay ends at live, once", () => {
  const [early, before] = run(initial, welcome(), said(1));
  assert.ok(!caughtUp(early));
  const [late, after] = run(early, said(2), said(3));
  assert.ok(caughtUp(late));
  assert.equal(before.concat(after).filter(({ kind }) => kind === "caught-up").length, 1);
  assert.deepEqual(after.flatMap((change) => change.kind === "append" ? [change.live] : []), [false, true]);
});

test("an empty room has nothing to replay", () => {
  assert.ok(run(initial, welcome({ live: 0 }))[1].some(({ kind }) => kind === "caught-up"));
});

test("coming back goes on where one was", () => {
  const [state] = run(initial, welcome(), said(1), said(2));
  const [, changes] = run(state, welcome({ live: 4, resumed: true }), said(2), said(3), said(4));
  assert.deepEqual(shown(changes), [3, 4]);
});

test("another epoch starts afresh", () => {
  const [state] = run(initial, welcome(), said(1), said(2));
  const [next, changes] = run(state, welcome({ epoch: "f", live: 1 }), said(1, "new"));
  assert.equal(changes[0].kind, "restarted");
  assert.deepEqual(shown(changes), [1]);
  assert.equal(next.newest, 1);
});

test("a hole is shown", () => {
  const [state, changes] = run(initial, welcome(), said(1), said(4));
  assert.deepEqual(shown(changes), [1, "gap 2-3", 4]);
  assert.equal(state.newest, 4);
});

test("a gap moves the cursor and may end the replay", () => {
  const before = restore({ nick: "Ann", session: "s", epoch: "e", after: 3 });
  const [state, changes] = run(before, welcome({ live: 9 }), { type: "gap", room: "main", from: 1, to: 9 }, said(10));
  assert.deepEqual(shown(changes), ["gap 1-9", 10]);
  assert.ok(caughtUp(state));
  assert.ok(!changes.some(({ kind }) => kind === "resync"));
});

test("a newcomer misses nothing that was removed before", () => {
  const [state, changes] = run(initial, welcome({ live: 9 }), { type: "gap", room: "main", from: 1, to: 8 }, said(9));
  assert.deepEqual(shown(changes), [9]);
  assert.ok(caughtUp(state) && state.earlier);
});

test("a gap among live events makes the list of people doubtful", () => {
  const [state] = run(initial, welcome({ live: 1 }), said(1), said(2));
  const [next, changes] = run(state, { type: "gap", room: "main", from: 2, to: 7 });
  assert.deepEqual(changes, [{ kind: "gap", from: 3, to: 7 }, { kind: "resync" }]);
  assert.equal(next.newest, 7);
});

test("a log that has lost its end is another one", () => {
  const [state] = run(initial, welcome(), said(1), said(2), said(3));
  const [, changes] = run(state, welcome({ live: 2 }), said(1), said(2), said(3, "new"));
  assert.equal(changes[0].kind, "restarted");
  assert.deepEqual(shown(changes), [1, 2, 3]);
});

test("a rename that was done while the connection broke is noticed on return", () => {
  const renamed = (/** @type {Change[]} */ changes) => changes.some(({ kind }) => kind === "renamed-self");
  const [state, first] = run(initial, welcome());
  assert.ok(!renamed(first));
  assert.ok(!renamed(run(state, welcome({ resumed: true }))[1]));
  const [next, changes] = run(state, welcome({ resumed: true, nick: "Anna" }));
  assert.ok(renamed(changes));
  assert.equal(next.nick, "Anna");
  assert.ok(!renamed(run(state, welcome({ nick: "Ann2" }))[1]), "a number that the server added is not wanted for good");
});

test("an answer out of turn does not move the cursor", () => {
  const [state] = run(initial, welcome(), said(1));
  const [next, changes] = reduce(state, said(5), true);
  assert.equal(next.newest, 1);
  assert.deepEqual(changes, []);
});

test("people: the list in parts, then live events; a replay changes nobody", () => {
  const [state] = run(initial, welcome({ live: 1 }),
    { type: "members", room: "main", nicks: ["Ann"], more: true }, { type: "members", room: "main", nicks: ["Bob"], more: false },
    { type: "left", room: "main", seq: 1, ts: 1, nick: "Bob" });
  assert.deepEqual([...state.people], ["Ann", "Bob"]);
  const [later] = run(state, { type: "joined", room: "main", seq: 2, ts: 1, nick: "Cy" },
    { type: "renamed", room: "main", seq: 3, ts: 1, nick: "Ann", new_nick: "Anna" }, { type: "left", room: "main", seq: 4, ts: 1, nick: "Bob" });
  assert.deepEqual([...later.people], ["Cy", "Anna"]);
  assert.equal(later.nick, "Anna");
});

test("someone who once had my nick does not rename me", () => {
  const [state] = run(initial, welcome({ live: 1 }), { type: "renamed", room: "main", seq: 1, ts: 1, nick: "Ann", new_nick: "X" });
  assert.equal(state.nick, "Ann");
});

test("earlier events go above, and only once", () => {
  const [state] = run(initial, welcome({ live: 50 }), said(50));
  assert.ok(state.earlier);
  const [asked] = run(state, { type: "asked" });
  assert.ok(asked.asking);
  const [next, changes] = run(asked, { type: "history", room: "main", more: true, events: [said(48), said(49), said(50)] });
  assert.deepEqual(changes[0], { kind: "prepend", items: [said(48), said(49)] });
  assert.equal(next.oldest, 48);
  assert.ok(next.earlier && !next.asking);
  assert.equal(run(next, { type: "history", room: "main", more: false, events: [] })[0].earlier, false);
});

test("earlier events that are not there leave a visible hole", () => {
  const [state] = run(initial, welcome({ live: 50 }), said(50));
  const [asked] = run(state, { type: "asked" });
  const [, changes] = run(asked, { type: "history", room: "main", more: true, events: [said(40), said(45)] });
  assert.deepEqual(changes[0], { kind: "prepend", items: [
    said(40), { type: "gap", from: 41, to: 44 }, said(45), { type: "gap", from: 46, to: 49 }] });
});

test("an answer to /history adds what is not shown, and changes nothing where all of it is", () => {
  const [state] = run(initial, welcome({ live: 50 }), said(49), said(50));
  const [asking] = run(state, { type: "asked" });
  const shownAlready = { type: "history", room: "main", more: true, events: [said(49), said(50)] };
  assert.deepEqual(run(asking, shownAlready), [asking, []]);
  const whole = Array.from({ length: 50 }, (_, index) => said(index + 1));
  const [next, changes] = run(state, { type: "history", room: "main", more: false, events: whole });
  assert.deepEqual(changes[0], { kind: "prepend", items: whole.slice(0, 48) });
  assert.ok(!next.earlier);
  assert.ok(!run(next, shownAlready)[0].earlier);
});

test("a refusal or the end of the connection ends the asking; only the refusal stays in mind", () => {
  const [asked] = run(initial, welcome({ live: 50 }), said(50), { type: "asked" });
  const [refused] = run(asked, { type: "refused", code: "not-readable", text: "no" });
  assert.deepEqual([refused.asking, refused.refused], [false, true]);
  const [answered] = run(refused, { type: "asked" }, { type: "history", room: "main", more: true, events: [said(49)] });
  assert.equal(answered.refused, false);
  const [lost] = run(asked, { type: "lost" });
  assert.deepEqual([lost.asking, lost.refused], [false, false]);
});

test("a reload shows the last events again", () => {
  const state = restore({ nick: "Ann", session: "s", epoch: "e", after: 250 });
  assert.equal(state.newest, 150);
  const [next, changes] = run(state, welcome({ live: 250 }), said(151));
  assert.deepEqual(shown(changes), [151]);
  assert.ok(next.earlier);
  assert.equal(restore({ nick: "Ann", session: "s", epoch: "e", after: 7 }).newest, 0);
});

test("an empty notice shows nothing; a refusal without id is shown", () => {
  assert.deepEqual(run(initial, { type: "notice", code: "done", text: "" })[1], []);
  assert.equal(run(initial, { type: "refused", code: "empty", text: "no" })[1][0].kind, "refused");
});

test("what was removed is an event like any other, and takes nobody out of the room", () => {
  const [state] = run(initial, welcome({ live: 0 }), { type: "members", room: "main", nicks: ["Ann", "Bob"] }, said(1));
  const [next, changes] = run(state, cleared(2, [1]));
  assert.deepEqual(changes, [{ kind: "append", event: cleared(2, [1]), live: true }]);
  assert.deepEqual([...next.people], ["Ann", "Bob"]);
  assert.equal(next.newest, 2);
});

test("what was removed stays so, however late its text comes", () => {
  const [state] = run(initial, welcome({ live: 50 }), said(49), cleared(50, [47, 49]));
  const [next, changes] = run(state, { type: "history", room: "main", more: true, events: [said(46), said(47), said(48)] });
  assert.deepEqual(texts(changes), ["text 46", "", "text 48"]);
  const [, older] = run(next, { type: "history", room: "main", more: true, events: [said(43), said(44, ""), cleared(45, [43, 44])] });
  assert.deepEqual(texts(older), ["", ""]);
  const [, other] = run(next, welcome({ epoch: "f", live: 47 }), said(47));
  assert.deepEqual(texts(other), ["text 47"], "seqs of another log mean something else");
});

test("a replay tells of a removal before or after the place that it left", () => {
  const [, changes] = run(initial, welcome({ live: 4 }), said(1, ""), said(2, "b"), cleared(3, [1]), said(4, "d"));
  assert.deepEqual(texts(changes), ["", "b", "d"]);
  assert.deepEqual(shown(changes), [1, 2, 3, 4]);
  assert.deepEqual(texts(run(initial, welcome({ live: 4 }), cleared(1, [2]), said(2))[1]), [""]);
});

test("the list of those who are ignored is complete each time, and starts empty with each welcome", () => {
  const [state, changes] = run(initial, welcome(), ignoring("Bob", "Cy"));
  assert.equal(changes.at(-1)?.kind, "ignoring");
  assert.ok(hides(state.ignored, "Bob", 1) && hides(state.ignored, "Cy", 1) && !hides(state.ignored, "Ann", 1));
  const [next] = run(state, ignoring("Cy"));
  assert.ok(!hides(next.ignored, "Bob", 1) && hides(next.ignored, "Cy", 1));
  const [back, returned] = run(next, welcome({ resumed: true }));
  assert.ok(!hides(back.ignored, "Cy", 1));
  assert.ok(returned.some(({ kind }) => kind === "ignoring"));
  assert.ok(!run(back, welcome({ resumed: true }))[1].some(({ kind }) => kind === "ignoring"), "nothing has changed");
});

test("one who is ignored stays so under another nick, and so do the messages from before", () => {
  const [state] = run(initial, welcome({ live: 1 }), said(1), ignoring("Bob"), said(2));
  const [renaming, changes] = run(state, renamed(3, "Bob", "Rob"));
  assert.ok(hides(renaming.ignored, "Rob", 4), "the list is still on its way");
  assert.ok(changes.some(({ kind }) => kind === "ignoring"));
  const [next] = run(renaming, ignoring("Rob"), said(4), renamed(5, "Rob", "Robin"), ignoring("Robin"));
  for (const [nick, seq] of /** @type {const} */ ([["Bob", 2], ["Rob", 4], ["Robin", 6]])) assert.ok(hides(next.ignored, nick, seq), nick);
  assert.ok(!hides(next.ignored, "Bob", 7), "somebody else who took the nick that was left");
  const [free] = run(next, ignoring());
  assert.ok(!hides(free.ignored, "Bob", 2) && !hides(free.ignored, "Robin", 6));
});

test("a rename that was missed, or is found further up, tells whose messages those were", () => {
  const [state] = run(initial, welcome({ live: 12, resumed: true }), ignoring("Robin"), said(10), renamed(11, "Bob", "Robin"), said(12));
  assert.ok(hides(state.ignored, "Bob", 10) && !hides(state.ignored, "Bob", 12));
  const [next, changes] = run(state, { type: "history", room: "main", more: true, events: [said(8), renamed(9, "Zed", "Bob")] });
  assert.deepEqual(changes.map(({ kind }) => kind), ["ignoring", "prepend", "earlier"]);
  assert.ok(hides(next.ignored, "Zed", 8) && !hides(next.ignored, "Zed", 10));
});

test("a rename of one who is not ignored changes nothing that is hidden", () => {
  const [state] = run(initial, welcome({ live: 1 }), said(1), ignoring("Bob"));
  const kinds = (/** @type {any[]} */ ...messages) => run(state, ...messages)[1].map(({ kind }) => kind);
  assert.ok(!kinds(renamed(2, "Cy", "Cyril")).includes("ignoring"));
  assert.ok(kinds(renamed(2, "Cy", "Bob")).includes("ignoring"));
  assert.ok(kinds(renamed(2, "Bob", "Cy")).includes("ignoring"));
});

test("who is meant by a nick that went from one to the other, and what was before the oldest line", () => {
  const chain = [[2, "A", "B"], [4, "C", "A"], [6, "B", "C"], [8, "A", "B"], [10, "B", "A"], [12, "C", "D"]];
  const renames = chain.map(([seq, nick, next]) => renamed(Number(seq), String(nick), String(next)));
  for (const oldest of [0, 2, 5, 12]) {
    const known = { ...forgotten({ nicks: new Set(), renames }, oldest) };
    for (const nick of "ABCD") {
      for (let seq = oldest; seq < 14; seq += 1) {
        let now = nick;
        for (const rename of renames) if (rename.seq > seq && rename.nick === now) now = rename.new_nick;
        for (const wanted of "ABCD") {
          assert.equal(hides({ ...known, nicks: new Set([wanted]) }, nick, seq), wanted === now, `${nick} at ${seq} is ${now}`);
        }
      }
    }
  }
});

test("a replayed rename of somebody else does not change who is ignored", () => {
  const [state] = run(initial, welcome({ live: 9, resumed: true }), ignoring("Bob"), renamed(1, "Bob", "Rob"));
  assert.ok(hides(state.ignored, "Bob", 2) && !hides(state.ignored, "Rob", 2));
});

test("only what is whole is remembered over a reload", () => {
  const whole = { nick: "Ann", session: "s", epoch: "e", after: 3 };
  assert.equal(readRemembered(whole), whole);
  for (const part of [null, 5, {}, { ...whole, nick: 1 }, { ...whole, session: null }, { ...whole, epoch: 1 }, { ...whole, after: 1.5 }]) {
    assert.equal(readRemembered(part), null);
  }
});

test("nothing of one person is left for the next", () => {
  const [state] = run(initial, welcome({ live: 1 }), said(1), ignoring("Bob"), said(2));
  const [next, changes] = run(state, { type: "left-for-good" });
  assert.deepEqual(next, initial);
  const shown = changes.find((change) => change.kind === "ignoring");
  assert.ok(shown?.kind === "ignoring" && !hides(shown.ignored, "Bob", 2));
  assert.equal(changes[0].kind, "restarted");
});
