// The service worker: keeps the page, so that it opens without a connection, too. What the server has is always newer.
// Knows nothing about the room, and never touches what is not the page itself.

// The gateway fills these two in: every file of the page, and what changes when any of them does.
const SHELL = ["./"];
const VERSION = "";

/** @type {any} */
const worker = self;
const mine = `parley ${worker.registration.scope} `;
const current = mine + VERSION;
const addresses = new Set(SHELL.map((path) => new URL(path, worker.registration.scope).href));

async function fill() {
  const cache = await caches.open(current);
  await cache.addAll(SHELL.map((path) => new Request(path, { cache: "no-cache" })));
  await worker.skipWaiting();
}

async function tidy() {
  for (const name of await caches.keys()) if (name.startsWith(mine) && name !== current) await caches.delete(name);
  await worker.clients.claim();
}

/** @param {Request} request @param {string} address */
async function answer(request, address) {
  const response = await fetch(request).catch(Response.error);
  if (response.type !== "error" && response.status < 500) return response;
  return (await caches.match(address, { cacheName: current, ignoreVary: true })) ?? response;
}

/** A click on a notification leads to the page, opened anew if need be. */
async function comeBack() {
  const pages = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  const page = pages.find((/** @type {any} */ { url }) => url.startsWith(worker.registration.scope));
  await (page ? page.focus() : worker.clients.openWindow("./"));
}

/** @param {string} name @param {(event: any) => void} act */
function on(name, act) {
  worker.addEventListener(name, act);
}

on("install", (event) => event.waitUntil(fill()));
on("activate", (event) => event.waitUntil(tidy()));
on("fetch", (event) => {
  const [address] = event.request.url.split(/[?#]/);
  if (event.request.method === "GET" && addresses.has(address)) event.respondWith(answer(event.request, address));
});
on("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(comeBack());
});
