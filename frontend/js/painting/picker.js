/**
 * The tool that takes a thing whole: hovering names what is under the pointer, one click removes it, or turns it into
 * what the brush draws. With Shift every such thing at once.
 */

/** @typedef {import("../picture/document.js").Mask} Mask */
/** @typedef {import("../picture/document.js").Picture} Picture */
/** @typedef {import("./gestures.js").Sample} Sample */

import { createLatest } from "../lib/latest.js";
import { addEdit, published } from "../picture/changes.js";
import { coordinate } from "../picture/coordinates.js";
import { byId } from "../ui/dom.js";
import { conceptName } from "../ui/i18n.js";
import { alphaMap } from "../view/maps.js";
import { rememberRegion } from "../view/masks.js";
import { editBy, saying } from "./brush.js";
import { conceptAt, regionAt } from "./segmentation.js";

/**
 * @typedef {object} PickerParts
 * @property {() => import("./brush.js").Brush} brush
 * @property {import("./brush.js").LayerOf} layerOf
 * @property {() => Picture} present
 * @property {(picture: Picture, announcement: string) => void} commit
 * @property {import("./segmentation.js").Segmenter} segmenter
 * @property {import("./limits.js").Limits} limits
 * @property {import("../lib/gesturing.js").Gesturing} gesturing
 * @property {import("../view/tint.js").Tint} tint
 * @property {(error: unknown) => void} onError
 *
 * @typedef {object} Picker
 * @property {(sample: Sample | null) => void} hover
 * @property {(sample: Sample) => void} click
 */

/**
 * @param {PickerParts} parts
 * @returns {Picker}
 */
export function createPicker({ brush, layerOf, present, commit, segmenter, limits, gesturing, tint, onError }) {
  const tag = byId("pick-tag", HTMLElement);
  const latest = createLatest();

  /** @param {Sample | null} sample */
  async function hover(sample) {
    const isLatest = latest();
    if (!sample) {
      tag.hidden = true;
      tint.setMap(undefined);
      return;
    }
    const segmentation = await segmenter(published(present())).catch(() => null);
    if (!isLatest() || !segmentation) return;
    tag.hidden = false;
    tag.textContent = conceptName(conceptAt(segmentation, sample.x, sample.y));
    tint.setMap(mapAt(segmentation, sample));
  }

  /** @param {Sample} sample */
  async function click(sample) {
    let wanted = true;
    const pick = { end() {}, cancel: () => void (wanted = false) };
    try {
      const before = present();
      const { mode, concept: drawn, strength, units, exact } = brush();
      if (!limits.room()) return;
      // As long as the answer does not come, it is unfinished.
      gesturing.begin(pick);
      const segmentation = await segmenter(published(before));
      if (!wanted || present() !== before) return;
      const picked = conceptAt(segmentation, sample.x, sample.y);
      const concept = mode === "remove" ? picked : drawn;
      if (!limits.paints(concept)) return;
      const at = /** @type {[number, number]} */ ([coordinate(sample.x), coordinate(sample.y)]);
      /** @type {Mask} */
      const mask = sample.shift ? { concept: picked } : { concept: picked, at };
      rememberRegion(mask, mapAt(segmentation, sample));
      // The brush's number of units is meant for its own concept.
      const own = { mode, concept, strength, units: mode === "draw" ? units : 0 };
      const edit = editBy(own, mask, layerOf({ concept, exact }));
      commit(addEdit(before, edit), saying({ mode, concept }));
      void hover(null);
    } catch (error) {
      onError(error);
    } finally {
      if (gesturing.active(pick)) gesturing.end();
    }
  }

  return { hover: (sample) => void hover(sample), click: (sample) => void click(sample) };
}

/** @param {import("./segmentation.js").Segmentation} segmentation @param {Sample} sample */
function mapAt(segmentation, { x, y, shift = false }) {
  return alphaMap(regionAt(segmentation, x, y, shift), segmentation.width, segmentation.height);
}
