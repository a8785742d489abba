// Every colour can be told from what is behind it, in every theme.

import { test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

/** @param {string} name */
const source = (name) => readFileSync(new URL(`../../static/${name}`, import.meta.url), "utf8");

/** The custom properties that are colours, by the selector of their rule. @param {string} css */
function palettes(css) {
  /** @type {Record<string, Record<string, string>>} */
  const found = {};
  for (const [, selector, body] of css.matchAll(/(:root[^{]*?)\s*\{([^}]*)\}/g)) {
    const colours = Object.fromEntries([...body.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6});/g)].map(([, name, value]) => [name, value]));
    if (Object.keys(colours).length > 0) found[selector] = colours;
  }
  return found;
}

/** @param {string} colour */
function luminance(colour) {
  const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** @param {string} one @param {string} other */
function contrast(one, other) {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

const light = palettes(source("style/base.css"))[":root"];
const others = palettes(source("style/themes.css"));
const dark = { ...light, ...others[':root[data-theme="dark"]'] };
const moreLight = { ...light, ...others[':root[data-contrast="more"]'] };
const moreDark = { ...dark, ...moreLight, ...others[':root[data-theme="dark"][data-contrast="more"]'] };
/** Each theme, with the contrast that its text and its edges must have. @type {[string, Record<string, string>, number, number][]} */
const themes = [["light", light, 4.5, 3], ["dark", dark, 4.5, 3], ["more light", moreLight, 7, 4.5], ["more dark", moreDark, 7, 4.5]];

const nicks = Array.from({ length: 12 }, (_, n) => `colour-${n}`);
/** What is read, and what it stands on. */
const texts = ["ink", "quiet", "accent", "warm", "bad", "good", ...nicks]
  .flatMap((text) => ["paper", "raised", "shade"].map((ground) => [text, ground]))
  .concat([["on-accent", "accent"]]);
const edges = ["edge", "accent", "good", "warm", "bad"].flatMap((edge) => ["paper", "raised"].map((ground) => [edge, ground]));

test("contrast is reckoned as WCAG does", () => {
  assert.equal(contrast("#000000", "#ffffff"), 21);
  assert.equal(contrast("#767676", "#ffffff").toFixed(2), "4.54");
});

test("every theme names every colour", () => {
  assert.equal(Object.keys(others).length, 3);
  for (const [selector, palette] of Object.entries(others)) {
    assert.deepEqual(Object.keys(palette).sort(), Object.keys(light).sort(), selector);
  }
});

test("text and edges stand out in every theme", () => {
  for (const [name, palette, text, edge] of themes) {
    for (const [front, ground] of texts) {
      const ratio = contrast(palette[front], palette[ground]);
      assert.ok(ratio >= text, `${name}: ${front} on ${ground} is ${ratio.toFixed(2)}`);
    }
    for (const [front, ground] of edges) {
      const ratio = contrast(palette[front], palette[ground]);
      assert.ok(ratio >= edge, `${name}: ${front} beside ${ground} is ${ratio.toFixed(2)}`);
    }
  }
});
