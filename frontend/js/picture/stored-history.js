/** The undo history in the browser's storage. */

/** @typedef {import("./document.js").Edit} Edit */
/** @typedef {import("./document.js").Picture} Picture */
/** @typedef {import("./history.js").Timeline} Timeline */

import { readStored, writeStored } from "../lib/storage.js";
import { NotAPicture, readEdit, readPicture } from "./reading.js";

const KEY = "unitbrush.history";
const LARGEST = 3_500_000; // characters; browsers give a page about five million

/**
 * Store as much of the history as fits: the oldest states go first.
 *
 * @param {Timeline} timeline
 * @returns {boolean} false where not even the present picture could be stored
 */
export function saveHistory({ states, position }) {
  let drop = 0;
  while (drop <= position) {
    const text = JSON.stringify(packed(states.slice(drop), position - drop));
    if (text.length <= LARGEST && writeStored(KEY, text)) return true;
    drop = drop === position ? position + 1 : Math.min(position, drop + Math.ceil((position - drop) / 2));
  }
  return false;
}

/**
 * Each edit and each scene once, however many states share them; a state is the scene's place and those of its edits.
 *
 * @param {Picture[]} states
 * @param {number} position
 */
function packed(states, position) {
  /** @type {Map<Edit, number>} */
  const edits = new Map();
  /** @type {Map<string, number>} */
  const scenes = new Map();
  const places = states.map(({ edits: own, ...scene }) => {
    const text = JSON.stringify(scene);
    if (!scenes.has(text)) scenes.set(text, scenes.size);
    for (const edit of own) if (!edits.has(edit)) edits.set(edit, edits.size);
    return [scenes.get(text), own.map((edit) => edits.get(edit))];
  });
  return { scenes: [...scenes.keys()].map((text) => JSON.parse(text)), edits: [...edits.keys()], states: places, position };
}

/** @returns {Timeline | null} null where there is none, or none that can be read */
export function loadHistory() {
  try {
    const { scenes, edits, states, position } = JSON.parse(readStored(KEY) ?? "null") ?? {};
    if (!Array.isArray(states) || !states.length || !Number.isInteger(position)) return null;
    const known = edits.map(readEdit);
    /** @param {number} index */
    const edit = (index) => {
      if (!known[index]) throw new NotAPicture("an edit that is not there");
      return known[index];
    };
    return {
      states: states.map(([scene, own]) => ({
        ...readPicture({ ...scenes[scene], edits: [] }),
        edits: own.map(edit),
      })),
      position,
    };
  } catch {
    return null;
  }
}
