/**
 * Where in this picture a brush will take: shown while its button is hovered or focused, and said by the ring, so that
 * nobody paints doors into the sky without warning.
 */

/** @typedef {import("../picture/document.js").Picture} Picture */
/** @typedef {import("../server/api.js").Receptivity} Receptivity */

import { createCache } from "../lib/cache.js";
import { createLatest } from "../lib/latest.js";
import { published } from "../picture/changes.js";
import { receptivity } from "../server/api.js";
import { byId } from "../ui/dom.js";
import { alphaMap } from "../view/maps.js";

const LOOK = 180; // ms a brush is looked at before the map is asked for
const REST = 450; // ms the ring rests before it asks
const POOR = 0.4; // of what the brush does in the best places: where it does less, the ring warns
const BEST = 0.95; // quantile of the cells; above it lie mostly those that show the concept already
const CACHED = 40; // answers

/**
 * @typedef {object} ReceptivityParts
 * @property {() => Picture} present
 * @property {() => boolean} busy  whether a stroke is being painted
 * @property {() => string | null} drawn  the concept that the brush draws; null where it draws none
 * @property {import("../view/tint.js").Tint} tint
 */

/**
 * @param {ReceptivityParts} parts
 * @returns {{hover: (point: {x: number, y: number} | null) => void}} to call with where the ring is
 */
export function createReceptivity({ present, busy, drawn, tint }) {
  const palette = byId("palette", HTMLElement);
  const ring = byId("ring", HTMLElement);
  /** @type {import("../lib/cache.js").Cache<Promise<Receptivity | null> | Receptivity | null>} */
  const cache = createCache(CACHED);
  const latest = createLatest();
  /** @type {number | undefined} */
  let looking;
  /** @type {number | undefined} */
  let resting;
  /** @type {{x: number, y: number} | null} */
  let place = null;

  /** @param {string} concept */
  function keyOf(concept) {
    return `${concept} ${JSON.stringify(published(present()))}`;
  }

  /** @param {string} concept @returns {Promise<Receptivity | null>} */
  async function ask(concept) {
    const key = keyOf(concept);
    const cached = cache.get(key);
    if (cached !== undefined) return cached;
    const answer = receptivity(published(present()), concept).catch(() => null);
    cache.set(key, answer);
    const map = await answer;
    cache.set(key, map);
    return map;
  }

  /** @param {Element | null} button */
  function lookAt(button) {
    clearTimeout(looking);
    const isLatest = latest();
    const concept = button?.getAttribute("data-value");
    if (!concept || document.body.dataset.mode === "remove") {
      tint.setMap(undefined);
      return;
    }
    looking = setTimeout(async () => {
      const map = await ask(concept);
      if (!isLatest()) return;
      if (!map?.grid) {
        tint.setMap(undefined);
        return;
      }
      const best = bestOf(map.grid);
      const values = map.grid.flat().map((value) => value / best);
      tint.setMap(alphaMap(values, map.columns, map.rows));
    }, LOOK);
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
    const cached = concept ? cache.get(keyOf(concept)) : undefined;
    const grid = cached && !(cached instanceof Promise) ? cached.grid : null;
    const cell = grid?.[Math.floor(y * grid.length)]?.[Math.floor(x * grid[0].length)];
    ring.classList.toggle("poor", grid !== null && cell !== undefined && cell < POOR * bestOf(grid));
  }

  return {
    hover(point) {
      clearTimeout(resting);
      place = point;
      if (!point || busy()) return;
      warn(point);
      const concept = drawn();
      if (!concept || cache.get(keyOf(concept)) !== undefined) return;
      resting = setTimeout(async () => {
        await ask(concept);
        if (place === point) warn(point);
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
