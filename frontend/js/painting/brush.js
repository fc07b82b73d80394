/**
 * The brush: what the next stroke does.
 *
 * @typedef {import("../picture/document.js").Edit} Edit
 * @typedef {import("../picture/document.js").Mask} Mask
 * @typedef {import("../picture/document.js").Op} Op
 *
 * @typedef {"brush" | "line" | "rect" | "pick" | "eraser"} Tool
 *
 * `units` 0 stands for the recommended number.
 * @typedef {object} Brush
 * @property {Op} mode
 * @property {string} concept
 * @property {Tool} tool
 * @property {number} radius
 * @property {number} strength
 * @property {number} units
 * @property {boolean} exact  whether it paints just where the pen goes, in models that can
 *
 * @typedef {import("../lib/store.js").Store<Brush>} BrushStore
 */

import { createStore } from "../lib/store.js";
import { conceptName, t } from "../ui/i18n.js";
import { preference } from "../ui/preferences.js";

/** @returns {BrushStore} as it was left last time */
export function createBrush() {
  const last = /** @type {Partial<Brush>} */ (preference("brush") ?? {});
  /** @type {Brush} */
  const brush = { mode: "draw", concept: "tree", radius: 0.075, strength: 1, units: 0, exact: false, ...last, tool: "brush" };
  return createStore(brush);
}

/**
 * The layer at which such a brush paints, undefined for the concept's best one.
 *
 * @typedef {(brush: Pick<Brush, "concept" | "exact">) => string | undefined} LayerOf
 *
 * @param {Pick<Brush, "mode" | "concept" | "strength" | "units">} brush
 * @param {Mask} mask
 * @param {string | undefined} layer
 * @returns {Edit}
 */
export function editBy({ mode, concept, strength, units }, mask, layer) {
  /** @type {Edit} */
  const edit = { op: mode, concept, mask };
  if (units) edit.units = units;
  if (strength < 1) edit.strength = strength;
  if (layer) edit.layer = layer;
  return edit;
}

/** In words what was just done. @param {Pick<Brush, "mode" | "concept">} brush */
export function saying({ mode, concept }) {
  return t(`said.${mode}`, { concept: conceptName(concept) });
}
