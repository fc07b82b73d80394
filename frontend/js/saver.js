/**
 * Keeps the present picture on the server too. One picture there follows the one here: its edits are replaced while
 * the scene stays, and a new scene begins a new picture.
 */

/** @typedef {import("./types.js").Picture} Picture */

import { Problem, createPicture, replaceEdits } from "./api.js";
import { preference, setPreference } from "./storage.js";

const PAUSE = 500;

/**
 * @returns {{save: (picture: Picture) => void, again: () => void}}
 */
export function createSaver() {
  /** @type {Picture | null} */
  let waiting = null;
  let running = false;
  /** @type {number | undefined} */
  let timer;

  async function run() {
    if (running || !waiting) return;
    running = true;
    const picture = waiting;
    waiting = null;
    try {
      await keep(picture);
    } catch (error) {
      // The browser holds the picture as well, and the next change or the server's return tries again.
      if (!(error instanceof Problem)) waiting ??= picture;
    } finally {
      running = false;
    }
    if (waiting && waiting !== picture) void run();
  }

  return {
    save(picture) {
      waiting = picture;
      clearTimeout(timer);
      timer = setTimeout(run, PAUSE);
    },
    again: () => void run(),
  };
}

/** @param {Picture} picture */
async function keep(picture) {
  const base = JSON.stringify([picture.model, picture.seed ?? picture.z]);
  const kept = /** @type {{id?: string, base?: string}} */ (preference("saved") ?? {});
  if (kept.id && kept.base === base) {
    try {
      await replaceEdits(kept.id, picture.edits);
      return;
    } catch (error) {
      if (!(error instanceof Problem && error.status === 404)) throw error;
    }
  }
  setPreference("saved", { id: await createPicture(picture), base });
}
