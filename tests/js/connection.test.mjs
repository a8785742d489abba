// Joining, liveness and backoff, with a clock that is moved by hand.

import { test } from "node:test";
import assert from "node:assert/strict";
import {
  Connection, IDLE_MS, LONGEST_DELAY_MS, OPENING_MS, PONG_MS, SHORTEST_DELAY_MS, STABLE_AFTER_MS, STALE_MS,
} from "../../static/connection.js";

const WELCOME = '{"type":"welcome","nick":"Ann","session":"s","room":"main","epoch":"e","live":0,"resumed":false}';

class FakeSocket {
  readyState = 0;
  closed = false;
  /** @type {any[]} */
  sent = [];
  /** @type {any} */
  onopen = null;
  /** @type {any} */
  onmessage = null;
  /** @type {any} */
  onclose = null;
  /** @param {string} data */
  send(data) { this.sent.push(JSON.parse(data)); }
  close() { this.closed = true; }
  opened() { this.readyState = 1; this.onopen?.({}); }
  /** @param {string} data */
  receives(data) { this.onmessage?.({ data }); }
  /** @param {number} code @param {string} [reason] */
  closes(code, reason = "") { this.readyState = 3; this.onclose?.({ code, reason }); }
  welcomed() { this.opened(); this.receives(WELCOME); }
}

/** @typedef {(answered: () => void, failed: () => void) => void} Ask */

/** @param {number} [random] @param {Ask} [ask] */
function setUp(random = 0.5, ask = (answered) => answered()) {
  let time = 1_000_000;
  let number = 0;
  /** @type {Map<number, {at: number, action: () => void}>} */
  const timers = new Map();
  /** @type {FakeSocket[]} */
  const sockets = [];
  const connection = new Connection("ws://test/ws", () => ({ type: "join", nick: "Ann", lang: "en" }), {
    open() {
      const socket = new FakeSocket();
      sockets.push(socket);
      return socket;
    },
    ask,
    setTimeout(action, milliseconds) {
      timers.set(++number, { at: time + milliseconds, action });
      return number;
    },
    clearTimeout: (timer) => timers.delete(timer),
    now: () => time,
    random: () => random,
  });
  /** @type {any[]} */
  const received = [];
  connection.addEventListener("messages", (event) => received.push(.../** @type {CustomEvent} */ (event).detail));
  return {
    connection,
    sockets,
    received,
    last: () => sockets[sockets.length - 1],
    /** @param {number} milliseconds */
    pass(milliseconds) {
      const end = time + milliseconds;
      for (;;) {
        const due = [...timers].filter(([, { at }]) => at <= end).sort((a, b) => a[1].at - b[1].at)[0];
        if (!due) break;
        timers.delete(due[0]);
        time = Math.max(time, due[1].at);
        due[1].action();
      }
      time = end;
    },
    wait: () => connection.status.state === "reconnecting" && connection.status.at !== null ? connection.status.at - time : NaN,
  };
}

test("joins when the socket opens, and is connected when it is welcome", () => {
  const { connection, last, received } = setUp();
  assert.equal(connection.status.state, "joining");
  connection.start();
  assert.equal(connection.status.state, "connecting");
  last().opened();
  assert.deepEqual(last().sent, [{ type: "join", nick: "Ann", lang: "en" }]);
  assert.equal(connection.status.state, "connecting");
  assert.equal(connection.send({ type: "ping" }), false);
  last().receives(`${WELCOME}\n{"type":"pong"}`);
  assert.equal(connection.status.state, "connected");
  assert.deepEqual(received.map(({ type }) => type), ["welcome", "pong"]);
  assert.equal(connection.send({ type: "ping" }), true);
});

test("comes back after any close code but those that ask it not to", () => {
  for (const code of [1000, 1001, 1006, 1009, 4000, 4001, 4003, 4004]) {
    const { connection, last, sockets, pass } = setUp();
    connection.start();
    last().welcomed();
    last().closes(code);
    assert.equal(connection.status.state, "reconnecting", String(code));
    pass(SHORTEST_DELAY_MS * 2);
    assert.equal(sockets.length, 2);
  }
  for (const code of [4500, 4501, 4502, 4503, 4504, 4505, 4506, 4507, 4508]) {
    const { connection, last, sockets, pass } = setUp();
    connection.start();
    last().welcomed();
    last().closes(code, "why");
    assert.deepEqual(connection.status, { state: "ended", code, reason: "why" });
    connection.wake();
    pass(10 * LONGEST_DELAY_MS);
    assert.equal(sockets.length, 1);
    connection.start();
    assert.equal(sockets.length, 2);
  }
});

test("the reason of an end is whole where the last message tells it, and is not that of an earlier socket", () => {
  const { connection, last } = setUp();
  connection.start();
  last().welcomed();
  last().receives('{"type":"bye","code":4500,"reason":"Ann has removed you: flooding"}');
  last().closes(4500, "Ann has removed you: fl");
  assert.deepEqual(connection.status, { state: "ended", code: 4500, reason: "Ann has removed you: flooding" });
  connection.start();
  last().welcomed();
  last().closes(4506);
  assert.deepEqual(connection.status, { state: "ended", code: 4506, reason: "" });
});

test("waits between half a second and twenty, longer each time", () => {
  for (const [random, expected] of /** @type {const} */ ([[0, [500, 500, 500, 500, 500, 500, 500]], [1, [1000, 2000, 4000, 8000, 16000, 20000, 20000]]])) {
    const { connection, last, pass, wait } = setUp(random);
    connection.start();
    const waits = expected.map(() => {
      last().closes(1006);
      const delay = wait();
      pass(delay);
      return delay;
    });
    assert.deepEqual(waits, [...expected]);
  }
});

test("patience starts afresh only after a stable time", () => {
  const { connection, last, pass, wait } = setUp(1);
  connection.start();
  for (const _ of [1, 2]) {
    last().closes(1006);
    pass(wait());
  }
  last().welcomed();
  pass(STABLE_AFTER_MS - 1);
  last().closes(1006);
  assert.equal(wait(), 4000);
  pass(4000);
  last().welcomed();
  pass(STABLE_AFTER_MS);
  last().closes(1006);
  assert.equal(wait(), 1000);
});

test("tries at once when woken, but not twice", () => {
  const { connection, last, sockets } = setUp();
  connection.start();
  last().closes(1006);
  connection.wake();
  connection.wake();
  assert.equal(sockets.length, 2);
  assert.deepEqual(connection.status, { state: "reconnecting", at: null });
});

test("woken, it does not wait for an attempt that has led nowhere for a while", () => {
  const { connection, last, sockets, pass } = setUp();
  connection.start();
  pass(STALE_MS - 1);
  connection.wake();
  assert.equal(sockets.length, 1);
  pass(1);
  connection.wake();
  assert.ok(sockets[0].closed);
  assert.equal(sockets.length, 2);
  last().welcomed();
  pass(OPENING_MS);
  connection.wake();
  assert.equal(connection.status.state, "connected");
  assert.equal(sockets.length, 2);
});

test("the end of a connection that was doubted already is followed by an attempt at once, not by a flood of them", () => {
  const { connection, last, sockets, wait } = setUp();
  connection.start();
  last().welcomed();
  connection.doubt();
  last().closes(1006);
  assert.equal(sockets.length, 2);
  assert.deepEqual(connection.status, { state: "reconnecting", at: null });
  last().closes(1006);
  assert.equal(sockets.length, 2);
  assert.ok(wait() >= SHORTEST_DELAY_MS);
});

test("a doubt that was answered is no reason not to ask again", () => {
  const { connection, last, sockets, pass } = setUp();
  connection.start();
  last().welcomed();
  connection.doubt();
  last().receives(JSON.stringify({ type: "pong" }));
  pass(1000);
  connection.doubt();
  assert.equal(last().sent.filter(({ type }) => type === "ping").length, 2);
  pass(PONG_MS);
  assert.equal(sockets.length, 2);
  assert.equal(connection.status.state, "reconnecting");
});

test("an attempt that leads nowhere is given up", () => {
  const { connection, last, sockets, pass } = setUp();
  connection.start();
  last().opened();
  pass(OPENING_MS + 1000);
  assert.ok(sockets[0].closed);
  assert.equal(sockets.length, 2);
});

test("woken while connected, it asks for a sign of life", () => {
  const { connection, last, sockets, pass } = setUp();
  connection.start();
  last().welcomed();
  connection.wake();
  connection.wake();
  const pings = sockets[0].sent.filter(({ type }) => type === "ping");
  assert.equal(pings.length, 1);
  assert.ok(pings[0].id);
  sockets[0].receives('{"type":"pong"}');
  pass(PONG_MS);
  assert.equal(connection.status.state, "connected");
  connection.wake();
  pass(PONG_MS);
  assert.equal(connection.status.state, "reconnecting");
  assert.ok(sockets[0].closed);
  sockets[0].receives(WELCOME);
  assert.equal(connection.status.state, "reconnecting");
});

test("asks only when it was silent for long", () => {
  const { connection, last, pass } = setUp();
  connection.start();
  last().welcomed();
  pass(IDLE_MS - 1000);
  last().receives('{"type":"pong"}');
  pass(IDLE_MS - 1000);
  assert.equal(last().sent.length, 1);
  pass(1000);
  assert.equal(last().sent.length, 2);
  pass(PONG_MS);
  assert.equal(connection.status.state, "reconnecting");
});

test("a listener that stops the connection hears nothing more", () => {
  const { connection, last, received } = setUp();
  connection.addEventListener("status", () => {
    if (connection.status.state === "connected") connection.stop();
  });
  connection.start();
  last().welcomed();
  assert.equal(connection.status.state, "joining");
  assert.deepEqual(received, []);
});

test("opens a further socket only when the server answers", () => {
  /** @type {Parameters<Ask>[]} */
  const asked = [];
  const { connection, sockets, last, pass, wait } = setUp(0.5, (...answers) => asked.push(answers));
  connection.start();
  assert.equal(asked.length, 0); // the first time there is nothing to fear
  last().welcomed();
  last().closes(1006);
  pass(wait());
  assert.deepEqual([asked.length, sockets.length], [1, 1]);
  asked[0][1]();
  assert.equal(connection.status.state, "reconnecting");
  assert.ok(wait() > 0);
  pass(wait());
  asked[1][0]();
  assert.equal(sockets.length, 2);
  last().welcomed();
  assert.equal(connection.status.state, "connected");
});

test("an answer that comes too late opens nothing", () => {
  /** @type {Parameters<Ask>[]} */
  const asked = [];
  const { connection, sockets, last, pass, wait } = setUp(0.5, (...answers) => asked.push(answers));
  connection.start();
  last().closes(1006);
  pass(wait());
  pass(OPENING_MS);
  assert.equal(asked.length, 1);
  assert.ok(wait() > 0);
  asked[0][0]();
  assert.equal(sockets.length, 1);
  const before = wait();
  asked[0][1]();
  assert.equal(wait(), before);
  pass(wait());
  connection.stop();
  asked[1][0]();
  assert.deepEqual([sockets.length, connection.status.state], [1, "joining"]);
});
