/**
 * Where in this picture a brush will take: shown while its button is hovered or focused, and told at the ring, so that
 * nobody paints doors into the sky without warning.
 */

/** @typedef {import("../picture/types.js").Picture} Picture */

import { receptivity } from "../server/api.js";
import { byId } from "../ui/dom.js";
import { alphaMap } from "../view/maps.js";

const PATIENCE = 180; // ms a brush is looked at before the map is asked for
const REST = 450; // ms the ring rests before it asks
const POOR = 0.4; // of what the brush does in the best places: where it does less, the ring warns
const BEST = 0.95; // quantile of the cells; above it lie mostly those that show the concept already
const KEPT = 40;

/** @typedef {{rows: number, columns: number, grid: number[][] | null}} Grid */

/**
 * @typedef {object} ReceptivityParts
 * @property {() => Picture} present  as the server sees it
 * @property {() => boolean} busy  whether a stroke is being painted
 * @property {() => string | null} drawn  the concept that the brush draws; null where it draws none
 * @property {import("../view/tint.js").Tint} tint
 *
 * @typedef {object} Receptivity
 * @property {(point: {x: number, y: number} | null) => void} hover  the ring is there
 */

/**
 * @param {ReceptivityParts} parts
 * @returns {Receptivity}
 */
export function createReceptivity({ present, busy, drawn, tint }) {
  const palette = byId("palette", HTMLElement);
  const ring = byId("ring", HTMLElement);
  /** @type {Map<string, Promise<Grid | null> | Grid | null>} */
  const kept = new Map();
  /** @type {number | undefined} */
  let look;
  /** @type {number | undefined} */
  let rest;
  let turn = 0;

  /** @param {string} concept */
  function keyOf(concept) {
    return `${concept} ${JSON.stringify(present())}`;
  }

  /** @param {string} concept @returns {Promise<Grid | null>} */
  async function ask(concept) {
    const key = keyOf(concept);
    const found = kept.get(key);
    if (found !== undefined) return found;
    const answer = receptivity(present(), concept).catch(() => null);
    kept.set(key, answer);
    if (kept.size > KEPT) kept.delete(/** @type {string} */ (kept.keys().next().value));
    const grid = await answer;
    kept.set(key, grid);
    return grid;
  }

  /** @param {Element | null} button */
  function lookAt(button) {
    clearTimeout(look);
    turn += 1;
    const mine = turn;
    const concept = button?.getAttribute("data-value");
    if (!concept || document.body.dataset.mode === "remove") {
      tint.setMap(undefined);
      return;
    }
    look = setTimeout(async () => {
      const answer = await ask(concept);
      if (turn !== mine) return;
      if (!answer?.grid) {
        tint.setMap(undefined);
        return;
      }
      const best = bestOf(answer.grid);
      const values = answer.grid.flat().map((value) => value / best);
      tint.setMap(alphaMap(values, answer.columns, answer.rows));
    }, PATIENCE);
  }

  /** @param {Event} event */
  const buttonOf = (event) => (event.target instanceof Element ? event.target.closest("[role=radio]") : null);
  palette.addEventListener("pointerover", (event) => lookAt(buttonOf(event)));
  palette.addEventListener("pointerleave", () => lookAt(null));
  palette.addEventListener("focusin", (event) => buttonOf(event)?.matches(":focus-visible") && lookAt(buttonOf(event)));
  palette.addEventListener("focusout", () => lookAt(null));

  /** @param {{x: number, y: number}} point */
  function warn({ x, y }) {
    const concept = drawn();
    const known = concept ? kept.get(keyOf(concept)) : undefined;
    const grid = known && !(known instanceof Promise) ? known.grid : null;
    const cell = grid?.[Math.floor(y * grid.length)]?.[Math.floor(x * grid[0].length)];
    ring.classList.toggle("poor", grid !== null && cell !== undefined && cell < POOR * bestOf(grid));
  }

  return {
    hover(point) {
      clearTimeout(rest);
      if (!point || busy()) return;
      warn(point);
      const concept = drawn();
      if (!concept || kept.has(keyOf(concept))) return;
      rest = setTimeout(async () => {
        await ask(concept);
        warn(point);
      }, REST);
    },
  };
}

/**
 * What a weak brush does in its best places is little, and still the measure of where to use it.
 *
 * @param {number[][]} grid
 */
function bestOf(grid) {
  const sorted = grid.flat().sort((a, b) => a - b);
  return Math.max(0.02, sorted[Math.floor(BEST * (sorted.length - 1))]);
}
