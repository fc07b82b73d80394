/**
 * The tool that takes a thing whole: hovering names what is under the pointer, one click removes it, or turns it into
 * what the brush draws. With Shift every such thing at once.
 */

/** @typedef {import("../picture/types.js").Brush} Brush */
/** @typedef {import("../picture/types.js").Mask} Mask */
/** @typedef {import("../picture/types.js").Picture} Picture */
/** @typedef {import("./pointer.js").Sample} Sample */
/** @typedef {import("./segmentation.js").Seen} Seen */

import { addEdit, published } from "../picture/document.js";
import { byId } from "../ui/dom.js";
import { conceptName, t } from "../ui/i18n.js";
import { alphaMap } from "../view/maps.js";
import { rememberRegion } from "../view/masks.js";
import { notify } from "../ui/notices.js";
import { conceptAt, regionAt } from "./segmentation.js";

/**
 * @typedef {object} PickerParts
 * @property {() => Brush} brush
 * @property {() => Picture} present
 * @property {(picture: Picture, done: {tool: string, op: string, concept: string}) => void} commit
 * @property {(picture: Picture) => Promise<Seen>} segmentation
 * @property {(name: string) => boolean} paintable
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
export function createPicker({ brush, present, commit, segmentation, paintable, tint, onError }) {
  const tag = byId("pick-tag", HTMLElement);
  let turn = 0;

  /** @param {Sample | null} sample */
  async function hover(sample) {
    turn += 1;
    const mine = turn;
    if (!sample) {
      tag.hidden = true;
      tint.setMap(undefined);
      return;
    }
    const seen = await segmentation(published(present())).catch(() => null);
    if (turn !== mine || !seen) return;
    tag.hidden = false;
    tag.textContent = conceptName(conceptAt(seen, sample.x, sample.y));
    tint.setMap(alphaMap(regionAt(seen, sample.x, sample.y, sample.shift === true), seen.width, seen.height));
  }

  /** @param {Sample} sample */
  async function click(sample) {
    try {
      const before = present();
      const seen = await segmentation(published(before));
      if (present() !== before) return;
      const found = conceptAt(seen, sample.x, sample.y);
      const { mode, concept: drawn, strength, units } = brush();
      const concept = mode === "remove" ? found : drawn;
      if (!paintable(concept)) {
        notify(t("pick.unpaintable", { concept: conceptName(concept) }));
        return;
      }
      const every = sample.shift === true;
      /** @type {Mask} */
      const mask = every ? { concept: found } : { concept: found, at: [round(sample.x), round(sample.y)] };
      rememberRegion(mask, alphaMap(regionAt(seen, sample.x, sample.y, every), seen.width, seen.height));
      /** @type {import("../picture/types.js").Edit} */
      const edit = { op: mode, concept, mask };
      if (strength < 1) edit.strength = strength;
      if (units && mode === "draw") edit.units = units;
      commit(addEdit(before, edit), { tool: "pick", op: mode, concept });
      void hover(null);
    } catch (error) {
      onError(error);
    }
  }

  return { hover: (sample) => void hover(sample), click: (sample) => void click(sample) };
}

/** @param {number} value */
function round(value) {
  return Math.round(Math.max(0, Math.min(1, value)) * 1e4) / 1e4;
}
