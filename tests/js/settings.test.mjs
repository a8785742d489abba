// What a person has chosen.

import { test } from "node:test";
import assert from "node:assert/strict";
import { Settings } from "../../static/memory.js";

test("choices are kept, and nonsense is none", () => {
  /** @type {Map<string, unknown>} */
  const drawer = new Map();
  const settings = new Settings({ get: (name) => drawer.get(name) ?? null, set: (name, value) => void drawer.set(name, value) });
  assert.deepEqual([settings.theme, settings.notify, settings.sound], ["system", false, false]);
  settings.choose("theme", "contrast");
  settings.choose("notify", true);
  settings.choose("sound", true);
  const again = new Settings({ get: (name) => drawer.get(name), set() {} });
  assert.deepEqual([again.theme, again.notify, again.sound], ["contrast", true, true]);
  drawer.set("theme", "pink");
  drawer.set("notify", "yes");
  assert.deepEqual([again.theme, again.notify], ["system", false]);
});
