// Where the page's servers are: the WebSocket, and the port that a terminal connects to.
// Knows nothing about what is said there.

/** @returns {string} */
export function socketAddress() {
  const address = new URL("ws", document.baseURI);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  address.search = address.hash = "";
  return address.href;
}

/** The port of the text door, which the gateway writes into the page. @returns {string} */
export function textPort() {
  const port = document.querySelector('meta[name="parley-text-port"]')?.getAttribute("content") ?? "";
  return /^\d{1,5}$/.test(port) ? port : "9997";
}
