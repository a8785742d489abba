// Puts work off to the next animation frame, so that a burst of messages costs one layout.
// Knows nothing about the work. A hidden tab has no frames; there a timer does it.

const HIDDEN_MS = 200;
const LATEST_MS = 500;

/**
 * A function that asks for `work` to be done soon; asked many times, it is done once.
 * @param {() => void} work @returns {() => void}
 */
export function perFrame(work) {
  let frame = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const run = () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    timer = undefined;
    work();
  };
  return () => {
    if (timer !== undefined) return;
    timer = setTimeout(run, document.hidden ? HIDDEN_MS : LATEST_MS);
    frame = requestAnimationFrame(run);
  };
}
