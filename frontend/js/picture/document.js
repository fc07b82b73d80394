/**
 * The picture document: its shape and what it may hold. The server says what each part means, at /docs.
 *
 * @typedef {"draw" | "remove"} Op
 *
 * A stroke's points are [x, y], 0..1 of the picture, y down; the radius is in fractions of its width.
 * @typedef {[number, number]} Point
 * @typedef {{points: Point[], radius: number, erase?: boolean}} Stroke
 *
 * @typedef {{strokes: Stroke[]}} StrokesMask
 * The other masks tell apart what was erased of them.
 * @typedef {{erase?: Stroke[]}} Erasable
 * @typedef {{rect: [number, number, number, number]} & Erasable} RectMask
 * @typedef {{png: string} & Erasable} PngMask
 * What the segmenter sees as that concept: the region at a point, or every one.
 * @typedef {{concept: string, at?: Point} & Erasable} RegionMask
 * @typedef {StrokesMask | RectMask | PngMask | RegionMask | null} Mask
 *
 * An edit of a picture document. `hidden` is the studio's own and never leaves it.
 * @typedef {object} Edit
 * @property {Op} op
 * @property {string} [concept]
 * @property {Mask} mask
 * @property {number | number[]} [units]
 * @property {number[]} [levels]
 * @property {number} [strength]
 * @property {string} [layer]
 * @property {boolean} [hidden]
 *
 * A picture document. Never changed once made: every change makes a new one that shares what stays.
 * @typedef {object} Picture
 * @property {1} version
 * @property {string} model
 * @property {number} [seed]
 * @property {number[]} [z]
 * @property {number[] | number[][]} [w]
 * @property {{layer: string, float16: string}} [base]  featuremaps in the place of a scene's: a picture of one's own
 * @property {Record<string, number>} [directions]  amounts that the scene is moved by, none of them 0
 * @property {boolean} [clean]  whether artifact units are at zero everywhere
 * @property {Edit[]} edits
 * @property {string} [kept]  the id of the server's picture that it was opened from. The studio's own, as `hidden` is
 */

export const MAX_EDITS = 256;
export const MAX_POINTS = 4096; // of a mask

/**
 * @param {string} model
 * @param {number} seed
 * @returns {Picture}
 */
export function newPicture(model, seed) {
  return { version: 1, model, seed, edits: [] };
}
