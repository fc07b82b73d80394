/** From one picture document to the next: pure functions. */

/** @typedef {import("./document.js").Picture} Picture */
/** @typedef {import("./document.js").Edit} Edit */

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
 * The same edits in another scene.
 *
 * @param {Picture} picture
 * @param {number[]} z
 * @returns {Picture}
 */
export function withLatent({ seed, w, base, ...picture }, z) {
  return { ...picture, z };
}

/**
 * The same edits in a scene that is given by its w.
 *
 * @param {Picture} picture
 * @param {number[] | number[][]} w
 * @returns {Picture}
 */
export function withW({ seed, z, base, directions, ...picture }, w) {
  return { ...picture, w };
}

/**
 * The same edits over another scene.
 *
 * @param {Picture} picture
 * @param {number} seed
 * @returns {Picture}
 */
export function withSeed({ z, w, base, ...picture }, seed) {
  return { ...picture, seed };
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
 * @param {boolean} clean  whether artifact units are to be at zero everywhere
 * @returns {Picture}
 */
export function cleaned({ clean: _, ...picture }, clean) {
  return clean ? { ...picture, clean: true } : picture;
}

/**
 * The document as everybody but the studio sees it: without hidden edits.
 *
 * @param {Picture} picture
 * @returns {Picture}
 */
export function published({ kept: _, ...picture }) {
  const edits = picture.edits.filter((edit) => !edit.hidden).map(({ hidden, ...edit }) => edit);
  return { ...picture, edits };
}
