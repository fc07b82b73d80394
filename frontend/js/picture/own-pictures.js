/** Pictures of one's own that this browser has brought in: what of each the model lacks, and its own pixels. */

/** @typedef {import("./document.js").Picture} Picture */
/** @typedef {{base: string, grid: number[][], share: number, own: string}} Own  own: a JPEG in base64 */

import { readStored, writeStored } from "../lib/storage.js";

const KEY = "unitbrush.own";
const MAX_KEPT = 3;
const TAIL = 48; // characters of a base that tell it from others: its checksum stands at its end

/** @returns {Own[]} the newest last */
function all() {
  try {
    const stored = JSON.parse(readStored(KEY) ?? "[]");
    return Array.isArray(stored) ? stored : [];
  } catch {
    return [];
  }
}

/**
 * @param {Picture} picture  with a base
 * @param {Omit<Own, "base">} own
 */
export function rememberOwn(picture, { grid, share, own }) {
  const base = nameOf(picture);
  const kept = [...all().filter((one) => one.base !== base), { base, grid, share, own }];
  for (let most = MAX_KEPT; most > 0; most -= 1) if (writeStored(KEY, JSON.stringify(kept.slice(-most)))) return;
}

/**
 * @param {Picture} picture
 * @returns {Own | undefined} undefined for scenes, and where it was brought in elsewhere or long ago
 */
export function ownOf(picture) {
  return picture.base && all().find(({ base }) => base === nameOf(picture));
}

/** @param {Picture} picture */
function nameOf({ base }) {
  return base?.float16.slice(-TAIL) ?? "";
}
