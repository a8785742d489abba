// Makes the QR code of a short text: byte mode, error correction level M, versions 1 to 10.
// Knows nothing about how it is shown. Source: ISO/IEC 18004:2015; the sections are named below.

/** Codewords for correction in each block, and the number of blocks, by version (table 9, level M). */
const CORRECTION = [10, 16, 26, 18, 24, 16, 18, 22, 22, 26];
const BLOCKS = [1, 1, 1, 2, 2, 4, 4, 4, 5, 5];
/** Where a mask turns a module over (table 10). @type {((x: number, y: number) => boolean)[]} */
const MASKS = [
  (x, y) => (x + y) % 2 === 0,
  (_, y) => y % 2 === 0,
  (x) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => ((y >> 1) + Math.trunc(x / 3)) % 2 === 0,
  (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];
const LEVEL_M = 0;
/** What is hard to read in a line: a long run, and what looks like a finder pattern with light beside it (7.8.3.1). */
const RUN = /0{5,}|1{5,}/g;
const FINDER_LIKE = /(?=10111010000|00001011101)/g;

/** The modules row by row, 1 where it is dark; null where none is decided yet. @typedef {(number | null)[][]} Drawn */
/** @typedef {number[][]} Code */

/**
 * @param {string} text @param {number} [mask] for tests; the best unless given
 * @returns {Code | null} null where the text is too long
 */
export function encode(text, mask) {
  const bytes = new TextEncoder().encode(text);
  let version = 1;
  while (version <= 10 && bytes.length > capacity(version)) version += 1;
  if (version > 10) return null;
  const patterns = drawPatterns(version);
  const codewords = interleave(toCodewords(bytes, version), version);
  const candidates = mask === undefined ? [...MASKS.keys()] : [mask];
  const codes = candidates.map((candidate) => drawData(patterns, codewords, candidate));
  const penalties = codes.map(penalty);
  return codes[penalties.indexOf(Math.min(...penalties))];
}

/** @param {number} version how many codewords carry data */
function dataLength(version) {
  const modules = drawPatterns(version).flat().filter((module) => module === null).length;
  return (modules >> 3) - CORRECTION[version - 1] * BLOCKS[version - 1];
}

/** How many bytes fit, besides mode and length. @param {number} version */
function capacity(version) {
  return dataLength(version) - (version < 10 ? 2 : 3);
}

/** Mode, length, text, end, padding (7.4). @param {Uint8Array} bytes @param {number} version */
function toCodewords(bytes, version) {
  const length = bytes.length.toString(2).padStart(version < 10 ? 8 : 16, "0");
  const bits = `0100${length}${[...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("")}0000`;
  const codewords = (bits.match(/.{8}/g) ?? []).map((octet) => Number.parseInt(octet, 2));
  for (let pad = 0xec; codewords.length < dataLength(version); pad ^= 0xec ^ 0x11) codewords.push(pad);
  return codewords;
}

/** Adds to each block its correction, and takes from all blocks in turn (7.5, 7.6). @param {number[]} data @param {number} version */
function interleave(data, version) {
  const count = BLOCKS[version - 1];
  const short = Math.trunc(data.length / count);
  const longer = count - (data.length % count);
  const blocks = Array.from({ length: count }, (_, n) => {
    const start = n * short + Math.max(0, n - longer);
    return data.slice(start, start + short + (n >= longer ? 1 : 0));
  });
  const corrections = blocks.map((block) => remainder(block, CORRECTION[version - 1]));
  return [...inTurn(blocks), ...inTurn(corrections)];
}

/** @param {number[][]} blocks */
function inTurn(blocks) {
  const longest = Math.max(...blocks.map((block) => block.length));
  return Array.from({ length: longest }, (_, n) => blocks.flatMap((block) => block.slice(n, n + 1))).flat();
}

/** The product in GF(256) by x^8 + x^4 + x^3 + x^2 + 1. @param {number} a @param {number} b */
function multiply(a, b) {
  let product = 0;
  for (let bit = 7; bit >= 0; bit -= 1) product = (product << 1) ^ ((product >> 7) * 0x11d) ^ (((b >> bit) & 1) * a);
  return product;
}

/** The Reed-Solomon codewords of a block (annex A). @param {number[]} block @param {number} degree */
function remainder(block, degree) {
  let generator = [1];
  for (let n = 0, root = 1; n < degree; n += 1, root = multiply(root, 2)) {
    generator = [...generator, 0].map((factor, i) => factor ^ multiply(generator[i - 1] ?? 0, root));
  }
  const rest = [...block, ...Array(degree).fill(0)];
  for (let n = 0; n < block.length; n += 1) {
    const factor = rest[n];
    for (let i = 0; i <= degree; i += 1) rest[n + i] ^= multiply(generator[i], factor);
  }
  return rest.slice(block.length);
}

/** A number followed by its BCH remainder (annexes C, D). @param {number} value @param {number} divisor @param {number} degree */
function withCheck(value, divisor, degree) {
  let rest = value << degree;
  while (rest >> degree !== 0) rest ^= divisor << (31 - Math.clz32(rest) - degree);
  return (value << degree) | rest;
}

/** What every code of a version has, with the places of the format (6.3, 7.10). @param {number} version @returns {Drawn} */
function drawPatterns(version) {
  const size = version * 4 + 17;
  const drawn = /** @type {Drawn} */ (Array.from({ length: size }, () => Array(size).fill(null)));
  /** @param {number} x @param {number} y @param {number} reach @param {(distance: number) => boolean} dark */
  const square = (x, y, reach, dark) => {
    for (let dy = -reach; dy <= reach; dy += 1) {
      for (let dx = -reach; dx <= reach; dx += 1) {
        if (drawn[y + dy]?.[x + dx] !== undefined) drawn[y + dy][x + dx] = Number(dark(Math.max(Math.abs(dx), Math.abs(dy))));
      }
    }
  };
  for (let n = 0; n < size; n += 1) drawn[6][n] = drawn[n][6] = 1 - (n % 2);
  for (const [x, y] of [[3, 3], [size - 4, 3], [3, size - 4]]) square(x, y, 4, (distance) => distance !== 2 && distance !== 4);
  const centres = alignment(version);
  for (const x of centres) {
    for (const y of centres) {
      const taken = (x === 6 && (y === 6 || y === size - 7)) || (x === size - 7 && y === 6);
      if (!taken) square(x, y, 2, (distance) => distance !== 1);
    }
  }
  drawFormat(drawn, 0);
  if (version >= 7) {
    const bits = withCheck(version, 0x1f25, 12);
    for (let n = 0; n < 18; n += 1) {
      const near = Math.trunc(n / 3);
      const far = size - 11 + (n % 3);
      drawn[near][far] = drawn[far][near] = (bits >> n) & 1;
    }
  }
  return drawn;
}

/** Where the centres of the alignment patterns are (annex E). @param {number} version */
function alignment(version) {
  const last = version * 4 + 10;
  return version === 1 ? [] : version < 7 ? [6, last] : [6, 3 + last / 2, last];
}

/** Level and mask, twice, and the module that is always dark (7.9). @param {Drawn} drawn @param {number} mask */
function drawFormat(drawn, mask) {
  const size = drawn.length;
  const bits = withCheck((LEVEL_M << 3) | mask, 0x537, 10) ^ 0x5412;
  for (let n = 0; n < 15; n += 1) {
    const bit = (bits >> n) & 1;
    const along = n < 6 ? n : n < 8 ? n + 1 : n === 8 ? 7 : 14 - n;
    if (n < 8) drawn[along][8] = drawn[8][size - 1 - n] = bit;
    else drawn[8][along] = drawn[size - 15 + n][8] = bit;
  }
  drawn[size - 8][8] = 1;
}

/** Upwards and downwards in columns of two, from the right (7.7.3). @param {Drawn} patterns @param {number[]} codewords @param {number} mask */
function drawData(patterns, codewords, mask) {
  const drawn = patterns.map((row) => [...row]);
  const size = drawn.length;
  let place = 0;
  for (let right = size - 1, up = true; right > 0; right -= right === 8 ? 3 : 2, up = !up) {
    for (let n = 0; n < size; n += 1) {
      const y = up ? size - 1 - n : n;
      for (const x of [right, right - 1]) {
        if (drawn[y][x] !== null) continue;
        const bit = ((codewords[place >> 3] ?? 0) >> (7 - (place & 7))) & 1;
        drawn[y][x] = bit ^ Number(MASKS[mask](x, y));
        place += 1;
      }
    }
  }
  drawFormat(drawn, mask);
  return /** @type {Code} */ (drawn);
}

/** How hard a code is to read (7.8.3). @param {Code} code */
function penalty(code) {
  let points = 0;
  for (const line of [...code, ...code.map((_, x) => code.map((row) => row[x]))]) {
    const text = line.join("");
    for (const run of text.match(RUN) ?? []) points += run.length - 2;
    points += 40 * (text.match(FINDER_LIKE)?.length ?? 0);
  }
  for (const [y, row] of code.slice(1).entries()) {
    for (const [x, module] of row.slice(1).entries()) {
      if ((code[y][x] + code[y][x + 1] + row[x] + module) % 4 === 0) points += 3;
    }
  }
  const modules = code.flat();
  const dark = modules.filter(Boolean).length / modules.length;
  return points + 10 * Math.trunc(Math.abs(dark * 20 - 10));
}
