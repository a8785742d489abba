// What somebody who is elsewhere is told by: a notification of the system, and a short, soft sound of two notes.
// Knows nothing about what they are for, or when.

/** @typedef {"granted" | "denied" | "missing"} Standing */

const TAG = "parley-mention";
const MOST_CHARACTERS = 200;
const NOTES_HZ = [659, 880];
const APART_SECONDS = 0.14;
const LONG_SECONDS = 0.5;
const SOFT = 0.08;

/** What was never asked is denied; on a page without https there may be nothing to ask for. @returns {Standing} */
export function standing() {
  if (!("Notification" in window)) return "missing";
  return Notification.permission === "granted" ? "granted" : "denied";
}

/** Asks the person where that makes sense. @returns {Promise<Standing>} */
export async function ask() {
  const before = standing();
  if (before === "denied") await Notification.requestPermission();
  return standing();
}

/** The newest takes the place of the one before. @param {string} title @param {string} text */
export async function notify(title, text) {
  const characters = [...text];
  const body = characters.length > MOST_CHARACTERS ? `${characters.slice(0, MOST_CHARACTERS - 1).join("")}…` : text;
  const options = { body, tag: TAG, icon: "icons/icon-192.png" };
  try {
    const notification = new Notification(title, options);
    notification.onclick = () => {
      window.focus();
      notification.close();
    };
  } catch { // on Android only a service worker may
    const registration = await navigator.serviceWorker?.getRegistration();
    await registration?.showNotification(title, options).catch(() => undefined);
  }
}

/** @type {AudioContext | undefined} */
let audio;

/** Plays it, where the browser lets a page be heard. */
export function chime() {
  try {
    audio ??= new AudioContext();
    void audio.resume().catch(() => undefined);
    for (const [index, frequency] of NOTES_HZ.entries()) {
      const start = audio.currentTime + index * APART_SECONDS;
      const tone = new OscillatorNode(audio, { frequency });
      const volume = new GainNode(audio, { gain: 0 });
      volume.gain.setValueAtTime(0, start);
      volume.gain.linearRampToValueAtTime(SOFT, start + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.0001, start + LONG_SECONDS);
      tone.connect(volume).connect(audio.destination);
      tone.start(start);
      tone.stop(start + LONG_SECONDS);
    }
  } catch {
    // No sound here, then.
  }
}
