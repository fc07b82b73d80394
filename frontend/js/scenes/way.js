/** The way from a picture's scene to that of a seed: on it lie the mixes of both, and near its beginning similar scenes. */

/** @typedef {import("../picture/document.js").Picture} Picture */

import { withLatent, withW } from "../picture/changes.js";
import { wOfSeed } from "../server/api.js";
import { between, latentOf, pictureLatent, straight } from "./latent.js";

/**
 * A picture whose scene is the one that lies so much of the way on, 0..1.
 *
 * @typedef {(picture: Picture, share: number) => Picture} Way
 */

/**
 * Of a scene that is given by its w, one for every layer or a single one, the way goes to the w of the seed.
 *
 * @param {Picture} from
 * @param {number} seed
 * @param {number} length  of the model's latents
 * @returns {Promise<Way>} throws what the api throws
 */
export async function wayTo(from, seed, length) {
  const { model, w } = from;
  if (w === undefined) {
    const a = pictureLatent(from, length);
    const b = latentOf(seed, a.length);
    return (picture, share) => withLatent(picture, between(a, b, share));
  }
  const there = await wOfSeed(model, seed);
  return (picture, share) => withW(picture, isEach(w) ? w.map((own) => straight(own, there, share)) : straight(w, there, share));
}

/** Whether every layer has its own. @param {number[] | number[][]} w @returns {w is number[][]} */
function isEach(w) {
  return Array.isArray(w[0]);
}
