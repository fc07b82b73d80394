/** What the browser keeps for us. Every call works without storage too; then nothing survives a reload. */

/** @typedef {import("../picture/types.js").Edit} Edit */
/** @typedef {import("../picture/types.js").Picture} Picture */

import { NotAPicture, readEdit, readPicture } from "../picture/document.js";

const HISTORY = "unitbrush.history";
const PREFERENCES = "unitbrush.preferences";
const LARGEST = 3_500_000; // characters; browsers give a page about five million

/**
 * Keep the undo history, as much of it as fits: the oldest states go first.
 *
 * @param {{states: Picture[], position: number}} history
 * @returns {boolean} false where not even the present picture could be kept
 */
export function saveHistory({ states, position }) {
  let drop = 0;
  while (drop <= position) {
    const text = JSON.stringify(packed(states.slice(drop), position - drop));
    if (text.length <= LARGEST && write(HISTORY, text)) return true;
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
  const lines = states.map(({ edits: own, ...scene }) => {
    const text = JSON.stringify(scene);
    if (!scenes.has(text)) scenes.set(text, scenes.size);
    for (const edit of own) if (!edits.has(edit)) edits.set(edit, edits.size);
    return [scenes.get(text), own.map((edit) => edits.get(edit))];
  });
  return { scenes: [...scenes.keys()].map((text) => JSON.parse(text)), edits: [...edits.keys()], states: lines, position };
}

/**
 * @returns {{states: Picture[], position: number} | null}
 */
export function loadHistory() {
  try {
    const { scenes, edits, states, position } = JSON.parse(read(HISTORY) ?? "null") ?? {};
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

/**
 * @param {string} name
 * @returns {unknown}  undefined where nothing is kept
 */
export function preference(name) {
  return preferences()[name];
}

/**
 * @param {string} name
 * @param {unknown} value
 */
export function setPreference(name, value) {
  write(PREFERENCES, JSON.stringify({ ...preferences(), [name]: value }));
}

/** @returns {Record<string, unknown>} */
function preferences() {
  try {
    return { ...JSON.parse(read(PREFERENCES) ?? "{}") };
  } catch {
    return {};
  }
}

/** @param {string} key */
function read(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/**
 * @param {string} key
 * @param {string} text
 */
function write(key, text) {
  try {
    localStorage.setItem(key, text);
    return true;
  } catch {
    return false;
  }
}
