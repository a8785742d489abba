// Codes that another encoder makes (qrcode 8.2 for Python), module for module; whether they can be read is for the browser's tests.

import { test } from "node:test";
import assert from "node:assert/strict";
import { encode } from "../../static/qr.js";

const ROOM = [
  "#######.....###...#######",
  "#.....#..#.##..#..#.....#",
  "#.###.#.#..#......#.###.#",
  "#.###.#.#..#.#..#.#.###.#",
  "#.###.#.#####.#...#.###.#",
  "#.....#.##.....##.#.....#",
  "#######.#.#.#.#.#.#######",
  "........#...#..#.........",
  "#.#####...#..#.##.#####..",
  "###.#..#.#...##..#.....#.",
  "#.#..###...#...#.##.##.##",
  "...#....#.#.#...##......#",
  "####.##.##.#.#....###.###",
  "#.##.#..#.#.#.#......#.#.",
  "#..#.######....#.#.#.#.##",
  "#.####.#.##.#..#.....#..#",
  "#..#..##....##.######.#..",
  "........#....#..#...###..",
  "#######..######.#.#.#####",
  "#.....#.#.##..###...##...",
  "#.###.#.####...##########",
  "#.###.#.#.#.##.##.###.###",
  "#.###.#.#.#..##.##....#.#",
  "#.....#.....##.##.####..#",
  "#######.#.#.#.##..#######",
];

/** Bytes of text, mask, size, and the beginning of the SHA-256 of all modules: both ends of each version. @type {[number, number, number, string][]} */
const KNOWN = [
  [14, 1, 21, "81e05ede50a85da2"],
  [11, 4, 21, "46a1c31bc0166e27"],
  [26, 2, 25, "a3909a6b1890b724"],
  [23, 5, 25, "ae88d94bb41cf108"],
  [42, 3, 29, "80fa2f395bc64930"],
  [39, 6, 29, "b90967e283345de8"],
  [62, 4, 33, "e5b5f8aa247d82e3"],
  [59, 7, 33, "24894d574641765c"],
  [84, 5, 37, "62ac7e18f20895c1"],
  [81, 0, 37, "0a7e51996c8f77a8"],
  [106, 6, 41, "dab7e4b7e99c8c5e"],
  [103, 1, 41, "af71c9de4bffc82a"],
  [122, 7, 45, "162ebe42e1da39fb"],
  [119, 2, 45, "fe977c1cf2cf7701"],
  [152, 0, 49, "7ba17eca8946a22c"],
  [149, 3, 49, "80628d84fd15dd6b"],
  [180, 1, 53, "b827e36e4e28e4f1"],
  [177, 4, 53, "4462d98e91c57ceb"],
  [213, 2, 57, "72a06a2b6a70bfbc"],
  [210, 5, 57, "0dad85f9a50a02c2"],
];

/** @param {number[][] | null} code */
async function digest(code) {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode((code ?? []).flat().join("")));
  return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("").slice(0, 16);
}

test("a code is the one that others make", () => {
  const code = encode("http://127.0.0.1:8080/", 2) ?? [];
  assert.deepEqual(code.map((row) => row.map((dark) => ".#"[dark]).join("")), ROOM);
});

test("every version and every mask", async () => {
  for (const [bytes, mask, size, expected] of KNOWN) {
    const code = encode(`Ж${"y".repeat(bytes - 2)}`, mask);
    assert.equal(code?.length, size, `${bytes}`);
    assert.equal(await digest(code), expected, `${bytes} bytes, mask ${mask}`);
  }
  assert.deepEqual([...new Set(KNOWN.map(([, mask]) => mask))].sort(), [0, 1, 2, 3, 4, 5, 6, 7]);
});

test("what does not fit is not coded", () => {
  assert.equal(encode("y".repeat(213))?.length, 57);
  assert.equal(encode("y".repeat(214)), null);
});

test("the mask that is chosen is one of the eight, and not always the same", () => {
  const chosen = new Set();
  for (let n = 1; n < 60; n += 1) {
    const text = `http://host-${n}.example/`;
    const best = JSON.stringify(encode(text));
    const mask = [0, 1, 2, 3, 4, 5, 6, 7].findIndex((candidate) => JSON.stringify(encode(text, candidate)) === best);
    assert.ok(mask >= 0);
    chosen.add(mask);
  }
  assert.ok(chosen.size >= 4, `${[...chosen]}`);
});
