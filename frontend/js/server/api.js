/** The server's calls. Every failure is one of two errors: Unreachable, or a Problem with the server's own words. */

/** @typedef {import("../picture/types.js").Picture} Picture */
/** @typedef {import("../picture/types.js").Model} Model */
/** @typedef {import("../picture/types.js").Concept} Concept */

const BASE = "api/v1/";
const TIMEOUT = 30_000;

/** The server did not answer. */
export class Unreachable extends Error {}

/** The server answered with a problem document. */
export class Problem extends Error {
  /**
   * @param {number} status
   * @param {string} title
   * @param {string} detail
   * @param {number} retryAfter  seconds; 0 where the server named none
   */
  constructor(status, title, detail, retryAfter = 0) {
    super(detail || title);
    this.status = status;
    this.title = title;
    this.retryAfter = retryAfter;
  }
}

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
 * @returns {Promise<import("../picture/types.js").Direction[]>}
 */
export async function directions(model) {
  return (await json(`models/${encodeURIComponent(model)}/directions`)).directions;
}

/**
 * The address of an unedited image. The model's version is in it, since such images are kept for ever.
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
  return call(`render?format=${format}`, (answer) => answer.blob(), send("POST", picture, signal));
}

/**
 * Keep a picture on the server.
 *
 * @param {Picture} picture
 * @returns {Promise<{id: string, revision: number}>}
 */
export async function createPicture(picture) {
  return json("pictures", send("POST", picture));
}

/**
 * Make a kept picture like this one, but for its scene, as one step of its history.
 *
 * @param {string} id
 * @param {Picture} picture
 * @returns {Promise<number>} its revision
 */
export async function replaceState(id, { edits, directions = {}, clean = false }) {
  return (await json(`pictures/${encodeURIComponent(id)}/edits`, send("PUT", { edits, directions, clean }))).revision;
}

/**
 * Go along a kept picture's history.
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
 * What the segmenter sees.
 *
 * @param {Picture} picture
 * @returns {Promise<{concepts: string[], labels: string}>} labels: a grey PNG in base64, a pixel's concept its value
 */
export async function segment(picture) {
  return json("segment", send("POST", picture));
}

/**
 * Where drawing a concept will take.
 *
 * @param {Picture} picture
 * @param {string} concept
 * @returns {Promise<{rows: number, columns: number, grid: number[][] | null}>}
 */
export async function receptivity(picture, concept) {
  return json("receptivity", send("POST", { picture, concept }));
}

/**
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

/**
 * The units most active at a point.
 *
 * @param {{picture: Picture, layer: string, point: [number, number], limit: number, featuremaps?: boolean}} wish
 * @returns {Promise<{units: ActiveUnit[]}>}
 */
export async function inspect(wish) {
  return json("inspect", send("POST", wish));
}

/**
 * A text as a QR code.
 *
 * @param {string} text
 * @returns {Promise<string[]>} one string a row, `1` for dark, without the quiet zone
 */
export async function qrRows(text) {
  return (await json("qr", send("POST", { text }))).rows;
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

/**
 * @param {"POST" | "PUT"} method
 * @param {unknown} body
 * @param {AbortSignal} [signal]
 * @returns {RequestInit}
 */
function send(method, body, signal) {
  return { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal };
}

/**
 * @param {string} path
 * @param {RequestInit} [init]
 */
async function json(path, init) {
  return call(path, (answer) => answer.json(), init);
}

/**
 * @template T
 * @param {string} path
 * @param {(answer: Response) => Promise<T>} read  its body
 * @param {RequestInit} [init]
 * @returns {Promise<T>}
 */
async function call(path, read, init = {}) {
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), TIMEOUT);
  init.signal?.addEventListener("abort", () => timeout.abort());
  try {
    const answer = await fetch(BASE + path, { ...init, signal: timeout.signal });
    if (answer.ok) return await read(answer);
    const body = await answer.json().catch(() => ({}));
    const retryAfter = Number(answer.headers.get("Retry-After")) || 0;
    throw new Problem(answer.status, body.title ?? answer.statusText, body.detail ?? "", retryAfter);
  } catch (error) {
    // An answer that breaks off is none.
    if (init.signal?.aborted || error instanceof Problem) throw error;
    throw new Unreachable(String(error));
  } finally {
    clearTimeout(timer);
  }
}
