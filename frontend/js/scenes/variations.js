/**
 * What the picture could have been: its edits over six other scenes. They follow the picture as long as the row is
 * open; the dice gives six others, and one that is chosen is the picture to go on with.
 */

/** @typedef {import("../picture/document.js").Picture} Picture */

import { createLatest } from "../lib/latest.js";
import { published, withSeed } from "../picture/changes.js";
import { shortSeed } from "../picture/seeds.js";
import { variations } from "../server/api.js";
import { Unreachable } from "../server/request.js";
import { announce } from "../ui/announce.js";
import { byId, make } from "../ui/dom.js";
import { onLanguage, t } from "../ui/i18n.js";
import { setUpRoving } from "../ui/roving.js";

const COUNT = 6;
const THUMBNAIL = 192; // pixels: they are shown larger than those of scenes

/**
 * @typedef {object} VariationsParts
 * @property {() => Picture} present
 * @property {(picture: Picture, announcement: string) => void} commit
 * @property {(error: unknown, retry: () => void) => void} onProblem
 * @property {() => void} onUnreachable
 *
 * @typedef {object} Variations
 * @property {() => void} others  open the row, or give it six others
 * @property {() => void} follow  draw them again where the picture has other edits by now
 * @property {() => void} repair  ask again for those that did not come
 * @property {() => void} close
 */

/**
 * @param {VariationsParts} parts
 * @returns {Variations}
 */
export function createVariations({ present, commit, onProblem, onUnreachable }) {
  const toggle = byId("variations-toggle", HTMLButtonElement);
  const dice = byId("variations-others", HTMLButtonElement);
  const row = byId("variations", HTMLElement);
  const placeStop = setUpRoving(row);
  const latest = createLatest();
  /** @type {number[]} */
  let seeds = [];
  let drawn = ""; // what the row shows, or will show soon: the picture but for its scene
  /** @type {AbortController | null} */
  let asking = null;

  const buttons = () => /** @type {HTMLButtonElement[]} */ ([...row.children]);

  /** @param {string} [announcement]  to make when they are there */
  async function draw(announcement) {
    const isLatest = latest();
    asking?.abort();
    const { signal } = (asking = new AbortController());
    const picture = withSeed(published(present()), seeds[0]);
    drawn = JSON.stringify(picture);
    row.setAttribute("aria-busy", "true");
    try {
      const images = await variations(picture, seeds, THUMBNAIL, signal);
      if (!isLatest()) return;
      buttons().forEach((button, i) => show(button, images[i]));
      if (announcement) announce(announcement);
    } catch (error) {
      if (!isLatest()) return;
      drawn = "";
      if (error instanceof Unreachable) onUnreachable();
      else onProblem(error, () => row.hidden || void draw());
    } finally {
      if (isLatest()) row.removeAttribute("aria-busy");
    }
  }

  /** Lay the new image over the old one once it can be seen. @param {HTMLButtonElement} button @param {Blob} blob */
  async function show(button, blob) {
    const image = make("img", { src: URL.createObjectURL(blob), alt: "", draggable: "false" });
    await image.decode().catch(() => {});
    URL.revokeObjectURL(image.src);
    button.replaceChildren(image);
  }

  function describe() {
    buttons().forEach((button, i) => {
      button.setAttribute("aria-label", t("variation", { number: i + 1, seed: seeds[i] }));
      button.setAttribute("aria-pressed", String(present().seed === seeds[i]));
    });
    placeStop();
  }

  function roll() {
    seeds = Array.from({ length: COUNT }, shortSeed);
    row.replaceChildren(...seeds.map((seed) => make("button", { type: "button", class: "scene", "data-seed": seed })));
    describe();
    void draw(t("said.variations", { count: COUNT }));
  }

  /** @param {boolean} open */
  function open(open) {
    row.hidden = dice.hidden = !open;
    toggle.setAttribute("aria-pressed", String(open));
    if (open) return roll();
    latest();
    asking?.abort();
    row.replaceChildren();
  }

  row.addEventListener("click", ({ target }) => {
    const button = target instanceof Element ? target.closest("button") : null;
    if (!button) return;
    const seed = Number(button.dataset.seed);
    if (seed !== present().seed) commit(withSeed(present(), seed), t("scene", { seed }));
  });
  toggle.addEventListener("click", () => open(row.hidden));
  dice.addEventListener("click", roll);
  onLanguage(describe);

  return {
    others: () => open(true),
    follow() {
      if (row.hidden) return;
      describe();
      if (JSON.stringify(withSeed(published(present()), seeds[0])) !== drawn) void draw();
    },
    repair: () => row.hidden || drawn || void draw(),
    close: () => open(false),
  };
}
