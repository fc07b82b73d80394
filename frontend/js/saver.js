/**
 * Keeps the present picture on the server too. One picture there follows the one here: its edits are replaced while
 * the scene stays, and a new scene begins a new picture.
 */

/** @typedef {import("./types.js").Picture} Picture */

import { Problem, createPicture, replaceEdits } from "./api.js";
import { preference, setPreference } from "./storage.js";

/** The next visitor's picture is another one, even of the same scene. */
export function forgetSaved() {
  setPreference("saved", null);
}

const PAUSE = 500;

/**
 * @typedef {object} Saver
 * @property {(picture: Picture) => void} save  soon
 * @property {() => void} again  what could not be kept before
 * @property {(picture: Picture) => Promise<string>} keep  now; gives the id, throws what the api throws
 */

/** @returns {Saver} */
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
      // Scenes that somebody only looked at are nothing to keep.
      if (!picture.edits.length && kept().base !== baseOf(picture)) return;
      waiting = picture;
      clearTimeout(timer);
      timer = setTimeout(run, PAUSE);
    },
    again: () => void run(),
    async keep(picture) {
      clearTimeout(timer);
      waiting = null;
      return keep(picture);
    },
  };
}

/**
 * @param {Picture} picture
 * @returns {Promise<string>} its id
 */
async function keep(picture) {
  const base = baseOf(picture);
  const { id: known, base: of } = kept();
  if (known && of === base) {
    try {
      await replaceEdits(known, picture.edits);
      return known;
    } catch (error) {
      if (!(error instanceof Problem && error.status === 404)) throw error;
    }
  }
  const id = await createPicture(picture);
  setPreference("saved", { id, base });
  return id;
}

/** What the server keeps for us, if anything. */
function kept() {
  return /** @type {{id?: string, base?: string}} */ (preference("saved") ?? {});
}

/** @param {Picture} picture */
function baseOf(picture) {
  return JSON.stringify([picture.model, picture.seed ?? picture.z]);
}
