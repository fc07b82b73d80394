/** Reading documents that come from outside: from a file, a link or storage. */

/** @typedef {import("./document.js").Picture} Picture */
/** @typedef {import("./document.js").Edit} Edit */
/** @typedef {import("./document.js").Mask} Mask */

import { MAX_EDITS } from "./document.js";
import { isSeed } from "./seeds.js";

/** Raised for what is no picture document; the message is for developers, the page shows its own. */
export class NotAPicture extends Error {
  /** @param {string} message @param {string} [kind]  of file that it is instead, as "JPEG" */
  constructor(message, kind) {
    super(message);
    this.kind = kind;
  }
}

/**
 * Read a document that came from a file, a link or storage. The server checks it again in full; this only makes sure
 * that the studio can work with it, and that no edit is hidden from the server. Throws NotAPicture.
 *
 * @param {unknown} value
 * @returns {Picture}
 */
export function readPicture(value) {
  const data = asObject(value);
  if ((data.version ?? 1) !== 1) throw new NotAPicture("another version");
  if (typeof data.model !== "string" || !data.model) throw new NotAPicture("no model");
  const edits = data.edits ?? [];
  if (!Array.isArray(edits) || edits.length > MAX_EDITS) throw new NotAPicture("no list of edits");
  /** @type {Picture} */
  const picture = { version: 1, model: data.model, edits: edits.map(readEdit).map(({ hidden: _, ...edit }) => edit) };
  if (data.base !== undefined) picture.base = readBase(data.base);
  if (isLatent(data.z)) picture.z = data.z;
  else if (isLatent(data.w) || (Array.isArray(data.w) && data.w.length && data.w.every(isLatent))) picture.w = data.w;
  else if (isSeed(data.seed)) picture.seed = data.seed;
  else if (!picture.base) throw new NotAPicture("neither seed nor z nor w");
  if (data.directions !== undefined) picture.directions = readDirections(data.directions);
  if (data.clean === true) picture.clean = true;
  return picture;
}

/**
 * @param {unknown} value
 * @returns {boolean}
 */
function isLatent(value) {
  return Array.isArray(value) && value.length > 0 && value.every(Number.isFinite);
}

/**
 * @param {unknown} value
 * @returns {NonNullable<Picture["base"]>}
 */
function readBase(value) {
  const { layer, float16 } = asObject(value);
  if (typeof layer !== "string" || typeof float16 !== "string") throw new NotAPicture("a base of another kind");
  return { layer, float16 };
}

/**
 * @param {unknown} value
 * @returns {Record<string, number>}
 */
function readDirections(value) {
  const data = asObject(value);
  if (!Object.values(data).every(Number.isFinite)) throw new NotAPicture("directions that are no numbers");
  return data;
}

/**
 * @param {unknown} value
 * @returns {Edit} throws NotAPicture
 */
export function readEdit(value) {
  const data = asObject(value);
  if (data.op !== "draw" && data.op !== "remove") throw new NotAPicture("an edit neither draws nor removes");
  const edit = /** @type {Edit} */ ({ ...data, mask: readMask(data.mask ?? null) });
  if (edit.strength !== undefined && !(edit.strength >= 0 && edit.strength <= 1)) throw new NotAPicture("strength");
  return edit;
}

/**
 * @param {unknown} value
 * @returns {Mask}
 */
function readMask(value) {
  if (value === null) return null;
  const data = asObject(value);
  if (data.erase !== undefined && !(Array.isArray(data.erase) && data.erase.every(isStroke))) {
    throw new NotAPicture("erased by what is no stroke");
  }
  const isRect = Array.isArray(data.rect) && data.rect.length === 4 && data.rect.every(Number.isFinite);
  if (isRect || typeof data.png === "string") return /** @type {Mask} */ (data);
  if (Array.isArray(data.strokes) && data.strokes.length && data.strokes.every(isStroke)) {
    return { strokes: data.strokes };
  }
  if (typeof data.concept === "string") return /** @type {Mask} */ (data);
  throw new NotAPicture("a mask of an unknown kind");
}

/**
 * @param {unknown} value
 * @returns {boolean}
 */
function isStroke(value) {
  const { points, radius } = asObject(value);
  return (
    typeof radius === "number" &&
    radius > 0 &&
    Array.isArray(points) &&
    points.length > 0 &&
    points.every((p) => Array.isArray(p) && p.length === 2 && p.every(Number.isFinite))
  );
}

/**
 * @param {unknown} value
 * @returns {Record<string, any>}
 */
function asObject(value) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new NotAPicture("not an object");
  return value;
}
