/**
 * The tool that takes a thing whole: hovering shows what is under the pointer, one click removes it, or turns it into
 * what the brush draws. With Shift every such thing at once. Where no segmenter names the thing, the brush does.
 */

/** @typedef {import("../picture/document.js").Picture} Picture */
/** @typedef {import("./gestures.js").Sample} Sample */

import { createLatest } from "../lib/latest.js";
import { addEdit, published } from "../picture/changes.js";
import { byId } from "../ui/dom.js";
import { conceptName } from "../ui/i18n.js";
import { editBy, saying } from "./brush.js";

/**
 * @typedef {object} PickerParts
 * @property {() => import("./brush.js").Brush} brush
 * @property {import("./brush.js").LayerOf} layerOf
 * @property {() => Picture} present
 * @property {(picture: Picture, announcement: string) => void} commit
 * @property {import("./things.js").FindThing} find
 * @property {import("./limits.js").Limits} limits
 * @property {import("../lib/gesturing.js").Gesturing} gesturing
 * @property {import("../view/tint.js").Tint} tint
 * @property {(error: unknown) => void} onError
 *
 * @typedef {object} Picker
 * @property {(sample: Sample | null) => void} hover
 * @property {() => void} again  the brush is another one
 * @property {(sample: Sample) => void} click
 */

/**
 * @param {PickerParts} parts
 * @returns {Picker}
 */
export function createPicker({ brush, layerOf, present, commit, find, limits, gesturing, tint, onError }) {
  const tag = byId("pick-tag", HTMLElement);
  const latest = createLatest();
  /** @type {Sample | null} */
  let hovered = null;

  /** @param {Sample | null} sample */
  async function hover(sample) {
    const isLatest = latest();
    hovered = sample;
    if (!sample) {
      tag.hidden = true;
      tint.setMap(undefined);
      return;
    }
    const thing = await find(published(present()), sample).catch(() => null);
    if (!isLatest() || !thing) return;
    tag.hidden = thing.concept === null;
    tag.textContent = thing.concept === null ? "" : conceptName(thing.concept);
    tint.setMap(thing.map);
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
      const thing = await find(published(before), sample);
      const mask = await thing.mask();
      if (!wanted || present() !== before) return;
      const ownConcept = mode === "draw" || thing.concept === null;
      const concept = ownConcept ? drawn : /** @type {string} */ (thing.concept);
      if (!limits.paints(concept)) return;
      // The brush's number of units is meant for its own concept.
      const own = { mode, concept, strength, units: ownConcept ? units : 0 };
      const edit = editBy(own, mask, layerOf({ concept, exact }));
      commit(addEdit(before, edit), saying({ mode, concept }));
      void hover(null);
    } catch (error) {
      onError(error);
    } finally {
      if (gesturing.active(pick)) gesturing.end();
    }
  }

  return {
    hover: (sample) => void hover(sample),
    again: () => hovered && void hover(hovered),
    click: (sample) => void click(sample),
  };
}
