/**
 * The server's calls, and the shapes of what it answers.
 *
 * @typedef {import("../picture/document.js").Picture} Picture
 *
 * @typedef {{name: string, units: number, height: number, width: number}} Layer
 *
 * @typedef {object} Model
 * @property {string} name
 * @property {string} title
 * @property {number} resolution  pixels of the image's longer side
 * @property {[height: number, width: number]} size  in pixels
 * @property {number} latent_dim
 * @property {string} edit_layer
 * @property {string | null} exact_layer  at which things are painted just where the mask is
 * @property {Layer[]} layers
 * @property {string[]} concepts
 * @property {boolean} default
 * @property {boolean} segmenter  whether it has one
 * @property {string} family  what kind of network
 * @property {string} license
 * @property {string | null} source  where it comes from
 * @property {string | null} citation  what to cite
 * @property {number[]} scenes  seeds worth beginning with, the best first
 * @property {string} version  of its weights
 * @property {boolean} [clean]  whether its artifact units are known
 * @property {string[]} [translations]  the seasons that its pictures can be translated to
 *
 * What a concept is painted with at one layer.
 * @typedef {object} LayerBrush
 * @property {{unit: number, iou: number | null, effect: number | null, level: number}[]} units
 * @property {number} recommended_units
 * @property {{layer: string, units: number[], recommended_units: number}} remove  what it is removed with
 *
 * @typedef {object} OwnConcept
 * @property {string} name
 * @property {string} layer
 * @property {number | null} draw_effect
 * @property {number | null} remove_effect
 * @property {LayerBrush | null} exact  at the model's exact_layer
 * @typedef {OwnConcept & LayerBrush} Concept  at its best layer
 *
 * What a scene can be moved along: from what `low` says to what `high` says.
 * @typedef {{name: string, title: string, low: string, high: string, range: [number, number]}} Direction
 *
 * A picture that the server keeps; created and changed are times as ISO 8601 has them.
 * @typedef {{id: string, revision: number, picture: unknown, name: string, created: string, changed: string}} Kept
 *
 * How much drawing a concept does in each cell of a grid over the picture; the grid is null where that is not known.
 * @typedef {{rows: number, columns: number, grid: number[][] | null}} Receptivity
 *
 * What the segmenter sees: labels is a grey PNG in base64, each pixel's value the place of its concept among `concepts`.
 * @typedef {{concepts: string[], labels: string}} Segments
 *
 * @typedef {object} ActiveUnit
 * @property {number} unit
 * @property {number} activation
 * @property {number | null} quantile
 * @property {string | null} concept
 * @property {number | null} iou
 * @property {string | null} featuremap  a grey PNG in base64, from `low` (black) to `high` (white)
 * @property {number | null} low
 * @property {number | null} high
 */

import { fromBase64 } from "../lib/bytes.js";
import { BASE, call, json, withBody } from "./request.js";

/** @returns {Promise<Model[]>} */
export async function models() {
  return (await json("models")).models;
}

/**
 * @param {string} model
 * @returns {Promise<Concept[]>}
 */
export async function concepts(model) {
  return (await json(`models/${encodeURIComponent(model)}/concepts`)).concepts;
}

/**
 * @param {string} model
 * @returns {Promise<Direction[]>}
 */
export async function directions(model) {
  return (await json(`models/${encodeURIComponent(model)}/directions`)).directions;
}

/**
 * @param {string} model  that has one
 * @param {number} seed
 * @returns {Promise<number[]>} the w of a seed
 */
export async function wOfSeed(model, seed) {
  return (await json(`models/${encodeURIComponent(model)}/w/${seed}`)).w;
}

/**
 * The address of an unedited image. The model's version is in it, since browsers keep such images for ever.
 *
 * @param {Model} model
 * @param {number} seed
 * @param {number} size  pixels on a side
 */
export function imageUrl(model, seed, size) {
  return `${BASE}models/${encodeURIComponent(model.name)}/images/${seed}?size=${size}&v=${model.version}`;
}

/**
 * @param {Picture} picture
 * @param {"png" | "jpeg" | "webp"} format
 * @param {AbortSignal} [signal]
 * @returns {Promise<Blob>}
 */
export async function render(picture, format, signal) {
  return call(`render?format=${format}`, (answer) => answer.blob(), withBody("POST", picture, signal));
}

/**
 * A picture's edits over other scenes.
 *
 * @param {Picture} picture
 * @param {number[]} seeds
 * @param {number} size  pixels on a side
 * @param {AbortSignal} [signal]
 * @returns {Promise<Blob[]>} their images, in the order of the seeds
 */
export async function variations(picture, seeds, size, signal) {
  const answer = await json(`variations?format=jpeg&size=${size}`, withBody("POST", { picture, seeds }, signal));
  /** @type {{image: string}[]} */
  const drawn = answer.variations;
  return drawn.map(({ image }) => new Blob([fromBase64(image)], { type: answer.media_type }));
}

/**
 * The styles that the server knows by name; `fast` and `slow` say what it lacks for painting in them so, if anything.
 *
 * @typedef {{name: string, image: string | null, slow: boolean}} StyleImage
 * @typedef {{style: string} | {image: string}} Style  one of those, or an image's file in base64
 *
 * @returns {Promise<{styles: StyleImage[], fast: string | null, slow: string | null}>}
 */
export async function styles() {
  return json("styles");
}

/**
 * @param {Picture} picture
 * @param {Style} style
 * @param {number} strength  0..1
 * @param {number} size  pixels on a side
 * @param {AbortSignal} [signal]
 * @returns {Promise<Blob>} a PNG of the picture in that style, with the document in it
 */
export async function inStyle(picture, style, strength, size, signal) {
  return call(`style?size=${size}`, (answer) => answer.blob(), withBody("POST", { picture, strength, ...style }, signal));
}

/**
 * Begin to paint a picture in a style by optimisation.
 *
 * @param {Picture} picture
 * @param {Style} style
 * @param {number} strength
 * @returns {Promise<import("./jobs.js").Job>}
 */
export async function slowlyInStyle(picture, style, strength) {
  return json("style/slow", withBody("POST", { picture, strength, ...style }));
}

/**
 * What came of a picture of one's own. grid: how much of each cell the model cannot express, 0..1; share: the mean; own:
 * the part of it that counts, a JPEG in base64.
 *
 * @typedef {{picture: unknown, grid: number[][], share: number, own: string}} Inverted
 */

/**
 * Begin to bring in a picture of one's own; the result is an Inverted, as JSON.
 *
 * @param {string} image  a data: URL
 * @param {string} model
 * @returns {Promise<import("./jobs.js").Job>}
 */
export async function invert(image, model) {
  return json("invert", withBody("POST", { image, model }));
}

/**
 * @param {Picture} picture
 * @param {string} image  one's own, in base64
 * @returns {Promise<Blob>} a PNG of it with what was painted laid over it, and the document in it
 */
export async function composite(picture, image) {
  return call("composite?format=png", (answer) => answer.blob(), withBody("POST", { picture, image }));
}

/**
 * Store a picture on the server.
 *
 * @param {Picture} picture
 * @returns {Promise<{id: string, revision: number}>}
 */
export async function createPicture(picture) {
  return json("pictures", withBody("POST", picture));
}

/**
 * Make a stored picture like this one, but for its scene, as one step of its history.
 *
 * @param {string} id
 * @param {Picture} picture
 * @returns {Promise<number>} its revision
 */
export async function replaceState(id, { edits, directions = {}, clean = false }) {
  return (await json(`pictures/${encodeURIComponent(id)}/edits`, withBody("PUT", { edits, directions, clean }))).revision;
}

/**
 * Go along a stored picture's history.
 *
 * @param {string} id
 * @param {"undo" | "redo"} way
 * @param {number} revision  the one we know; fails with 412 where it is another
 * @returns {Promise<number>} its revision
 */
export async function stepPicture(id, way, revision) {
  const init = { method: "POST", headers: { "If-Match": `"${revision}"` } };
  return (await json(`pictures/${encodeURIComponent(id)}/${way}`, init)).revision;
}

/**
 * @param {string} id
 * @returns {Promise<unknown>} the picture document
 */
export async function loadPicture(id) {
  return (await json(`pictures/${encodeURIComponent(id)}`)).picture;
}

/**
 * @param {string} id
 * @returns {Promise<Kept>}
 */
export async function keptPicture(id) {
  return json(`pictures/${encodeURIComponent(id)}`);
}

/** @param {Kept} kept @param {number} size  pixels on a side */
export function keptImageUrl({ id, revision }, size) {
  return `${BASE}pictures/${encodeURIComponent(id)}/image?format=webp&size=${size}&revision=${revision}`;
}

/**
 * @param {string} id
 * @param {string} name
 * @returns {Promise<Kept>}
 */
export async function renamePicture(id, name) {
  return json(`pictures/${encodeURIComponent(id)}`, withBody("PATCH", { name }));
}

/** @param {string} id */
export async function deletePicture(id) {
  return call(`pictures/${encodeURIComponent(id)}`, (answer) => answer.text(), { method: "DELETE" });
}

/**
 * @param {Picture} picture
 * @returns {Promise<Segments>}
 */
export async function segment(picture) {
  return json("segment", withBody("POST", picture));
}

/**
 * @param {Picture} picture
 * @param {string} concept
 * @returns {Promise<Receptivity>}
 */
export async function receptivity(picture, concept) {
  return json("receptivity", withBody("POST", { picture, concept }));
}

/**
 * The units most active at a point.
 *
 * @param {{picture: Picture, layer: string, point: [number, number], limit: number, featuremaps?: boolean}} question
 * @returns {Promise<{units: ActiveUnit[]}>}
 */
export async function inspect(question) {
  return json("inspect", withBody("POST", question));
}

/**
 * A text as a QR code.
 *
 * @param {string} text
 * @returns {Promise<string[]>} one string a row, `1` for dark, without the quiet zone
 */
export async function qrRows(text) {
  return (await json("qr", withBody("POST", { text }))).rows;
}

/** Whether the server answers at all. */
export async function alive() {
  try {
    return (await fetch("healthz", { cache: "no-store" })).ok;
  } catch {
    return false;
  }
}

/** The live socket's address, under the same prefix as the page. */
export function liveUrl() {
  const url = new URL(`${BASE}live`, document.baseURI);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}
