/** Picture documents: pure functions from one to the next, and the check of those that come from outside. */

/** @typedef {import("./types.js").Picture} Picture */
/** @typedef {import("./types.js").Edit} Edit */
/** @typedef {import("./types.js").Mask} Mask */

export const MAX_EDITS = 256;
export const MAX_SEED = 2 ** 32 - 1;

/**
 * @param {string} model
 * @param {number} seed
 * @returns {Picture}
 */
export function newPicture(model, seed) {
  return { version: 1, model, seed, edits: [] };
}

/**
 * @param {Picture} picture
 * @param {Edit} edit
 * @returns {Picture}
 */
export function addEdit(picture, edit) {
  return { ...picture, edits: [...picture.edits, edit] };
}

/**
 * @param {Picture} picture
 * @param {number} index
 * @param {Partial<Edit>} changes
 * @returns {Picture}
 */
export function changeEdit(picture, index, changes) {
  return { ...picture, edits: picture.edits.map((edit, i) => (i === index ? { ...edit, ...changes } : edit)) };
}

/**
 * @param {Picture} picture
 * @param {number} index
 * @returns {Picture}
 */
export function deleteEdit(picture, index) {
  return { ...picture, edits: picture.edits.filter((_, i) => i !== index) };
}

/**
 * Move an edit so that it stands at `to`; later edits lie over earlier ones.
 *
 * @param {Picture} picture
 * @param {number} from
 * @param {number} to
 * @returns {Picture}
 */
export function moveEdit(picture, from, to) {
  const edits = [...picture.edits];
  const [edit] = edits.splice(from, 1);
  edits.splice(to, 0, edit);
  return { ...picture, edits };
}

/**
 * @param {Picture} picture
 * @returns {Picture}
 */
export function withoutEdits(picture) {
  return { ...picture, edits: [] };
}

/**
 * The same scene moved along a direction; 0 is where it was.
 *
 * @param {Picture} picture
 * @param {string} name
 * @param {number} amount
 * @returns {Picture}
 */
export function moveAlong({ directions, ...picture }, name, amount) {
  const { [name]: _, ...others } = directions ?? {};
  const moved = amount ? { ...others, [name]: amount } : others;
  return Object.keys(moved).length ? { ...picture, directions: moved } : picture;
}

/**
 * @param {Picture} picture
 * @param {boolean} wanted
 * @returns {Picture}
 */
export function cleaned({ clean, ...picture }, wanted) {
  return wanted ? { ...picture, clean: true } : picture;
}

/**
 * The document as everybody but the studio sees it: without hidden edits.
 *
 * @param {Picture} picture
 * @returns {Picture}
 */
export function published(picture) {
  const edits = picture.edits.filter((edit) => !edit.hidden).map(({ hidden, ...edit }) => edit);
  return { ...picture, edits };
}

/** Raised for a document that is no picture; the message is for developers, the page shows its own. */
export class NotAPicture extends Error {}

/**
 * Read a document that came from a file, a link or storage. The server checks it again in full; this only makes sure
 * that the studio can work with it. Throws NotAPicture.
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
  const picture = { version: 1, model: data.model, edits: edits.map(readEdit) };
  if (Array.isArray(data.z) && data.z.length && data.z.every(Number.isFinite)) picture.z = data.z;
  else if (isSeed(data.seed)) picture.seed = data.seed;
  else throw new NotAPicture("neither seed nor z");
  if (data.directions !== undefined) picture.directions = readDirections(data.directions);
  if (data.clean === true) picture.clean = true;
  return picture;
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
 * @returns {value is number}
 */
export function isSeed(value) {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= MAX_SEED;
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
  const known = Array.isArray(data.rect) && data.rect.length === 4 && data.rect.every(Number.isFinite);
  if (known || typeof data.png === "string") return /** @type {Mask} */ (data);
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
