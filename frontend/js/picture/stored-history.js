/**
 * The undo histories in the browser's storage, one for each tab: the one changed last, that a new tab begins with, and
 * a few of other tabs.
 */

/** @typedef {import("./document.js").Edit} Edit */
/** @typedef {import("./document.js").Picture} Picture */
/** @typedef {import("./history.js").Timeline} Timeline */

import { readStored, writeStored } from "../lib/storage.js";
import { onOtherName, tabName } from "../lib/tab.js";
import { NotAPicture, readEdit, readPicture } from "./reading.js";

const KEY = "unitbrush.history";
const OTHERS = "unitbrush.histories"; // [tab, its history as text], the one changed last stands last
const MAX_OTHERS = 8;
const LARGEST = 3_500_000; // characters; browsers give a page about five million
const LARGEST_ALL = 4_500_000;

/**
 * Store as much of the tab's history as fits: the oldest states go first.
 *
 * @param {string} tab
 * @param {Timeline} timeline
 * @returns {boolean} false where not even the present picture could be stored
 */
export function saveHistory(tab, { states, position }) {
  const newest = readStored(KEY);
  const known = others();
  const rest = known.filter(([other]) => other !== tab);
  const last = newest?.match(/^\{"tab":"(\w+)"/)?.[1];
  if (newest && last && last !== tab) rest.push([last, newest]);
  const moved = rest.length !== known.length || rest.some(([other], i) => other !== known[i][0]);

  let drop = 0;
  while (drop <= position) {
    const text = JSON.stringify({ tab, ...packed(states.slice(drop), position - drop) });
    if (text.length <= LARGEST && put(text, rest, moved)) return true;
    drop = drop === position ? position + 1 : Math.min(position, drop + Math.ceil((position - drop) / 2));
  }
  return false;
}

/**
 * Store this tab's history when its name changes, and load the page anew where a later one of the tab went on with it.
 *
 * @param {import("./history.js").History} history
 * @param {() => void} onFailure  not even the present picture could be stored
 * @returns {() => void} stores it now
 */
export function rememberHistory(history, onFailure) {
  function remember() {
    if (!saveHistory(tabName(), history.timeline())) onFailure();
  }
  onOtherName(remember);
  window.addEventListener("pageshow", ({ persisted }) => {
    const stored = persisted && loadHistory(tabName());
    if (stored && JSON.stringify(stored) !== JSON.stringify(history.timeline())) location.reload();
  });
  return remember;
}

/**
 * Write this tab's history, and those of the others where they have changed: the oldest of them go where all are too
 * much.
 *
 * @param {string} text
 * @param {[string, string][]} rest
 * @param {boolean} moved
 */
function put(text, rest, moved) {
  for (let kept = rest.slice(-MAX_OTHERS); ; kept = kept.slice(1), moved = true) {
    const room = kept.reduce((sum, [, other]) => sum + other.length, text.length) <= LARGEST_ALL;
    const written = room && (!moved || writeStored(OTHERS, JSON.stringify(kept))) && writeStored(KEY, text);
    if (written || !kept.length) return written;
  }
}

/** @returns {[string, string][]} */
function others() {
  try {
    const list = JSON.parse(readStored(OTHERS) ?? "[]");
    return list.filter((/** @type {unknown[]} */ entry) => entry.every((part) => typeof part === "string"));
  } catch {
    return [];
  }
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

/**
 * @param {string} tab
 * @returns {Timeline | null} the tab's own, or the newest of all; null where there is none, or none that can be read
 */
export function loadHistory(tab) {
  const own = others().find(([other]) => other === tab)?.[1];
  return unpacked(own ?? readStored(KEY) ?? "null");
}

/**
 * @param {string} text
 * @returns {Timeline | null}
 */
function unpacked(text) {
  try {
    const { scenes, edits, states, position } = JSON.parse(text) ?? {};
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
        ...(typeof scenes[scene].kept === "string" && { kept: scenes[scene].kept }),
        edits: own.map(edit),
      })),
      position,
    };
  } catch {
    return null;
  }
}
