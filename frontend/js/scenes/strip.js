/** The scenes: a strip of thumbnails, a random one, and any seed by its number. */

import { isSeed, shortSeed } from "../picture/seeds.js";
import { imageUrl } from "../server/api.js";
import { byId, make, reveal } from "../ui/dom.js";
import { focusPicture } from "../ui/focus.js";
import { onLanguage, t } from "../ui/i18n.js";
import { setUpRoving } from "../ui/roving.js";
import { fitted } from "../view/pixels.js";

const AT_FIRST = 24;
const THUMBNAIL = 96; // pixels of the longer side

/**
 * @typedef {object} Strip
 * @property {(model: import("../server/api.js").Model) => void} fill
 * @property {(seed: number | undefined) => void} mark  as chosen; undefined where the scene has no seed
 * @property {() => void} random
 * @property {() => void} repair  ask again for thumbnails that did not come
 */

/**
 * @param {(seed: number) => void} choose
 * @returns {Strip}
 */
export function createStrip(choose) {
  const strip = byId("scenes", HTMLElement);
  const field = byId("seed", HTMLInputElement);
  const placeStop = setUpRoving(strip);
  /** @type {import("../server/api.js").Model | undefined} */
  let model;
  let next = 0;
  /** @type {number | undefined} */
  let chosen;

  const more = new IntersectionObserver(
    (entries) => {
      if (entries.some((entry) => entry.isIntersecting)) grow();
    },
    { root: strip, rootMargin: "200px" },
  );

  // A browser's own lazy loading takes what lies within thousands of pixels: forty thumbnails that nobody sees.
  const near = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        const image = target.querySelector("img");
        if (!isIntersecting || !image || !model) continue;
        image.src = imageUrl(model, Number(target.getAttribute("data-seed")), THUMBNAIL);
        near.unobserve(target);
      }
    },
    { root: strip, rootMargin: "80px" },
  );

  function grow() {
    more.disconnect();
    if (!model) return;
    const good = model.scenes;
    for (const end = next + AT_FIRST; next < end; next += 1) {
      const seed = next < good.length ? Number(good[next]) : next - good.length;
      if (!find(seed)) strip.append(thumbnail(model, seed));
    }
    if (strip.lastElementChild) more.observe(strip.lastElementChild);
    placeStop();
  }

  /**
   * @param {import("../server/api.js").Model} of
   * @param {number} seed
   */
  function thumbnail(of, seed) {
    const image = make("img", {
      alt: "",
      ...fitted({ width: of.size[1], height: of.size[0] }, THUMBNAIL),
      decoding: "async",
      fetchpriority: "low",
      draggable: "false",
    });
    const button = make("button", { type: "button", class: "scene", "data-seed": seed }, image);
    describe(button);
    near.observe(button);
    return button;
  }

  /** @param {Element} button */
  function describe(button) {
    button.setAttribute("aria-label", t("scene", { seed: button.getAttribute("data-seed") ?? "" }));
    button.setAttribute("aria-pressed", String(Number(button.getAttribute("data-seed")) === chosen));
  }

  /** @param {number} seed */
  function find(seed) {
    return strip.querySelector(`[data-seed="${seed}"]`);
  }

  /** Mark the chosen scene, also one that is not in the strip yet. */
  function show() {
    field.value = chosen === undefined ? "" : String(chosen);
    field.removeAttribute("aria-invalid");
    if (chosen !== undefined && model && !find(chosen)) strip.prepend(thumbnail(model, chosen));
    [...strip.children].forEach(describe);
    placeStop();
    const button = chosen === undefined ? null : find(chosen);
    if (button) reveal(button);
  }

  function random() {
    choose(shortSeed());
  }

  strip.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-seed]") : null;
    if (button) choose(Number(button.getAttribute("data-seed")));
  });
  byId("seed-form", HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault();
    const seed = field.value.trim() === "" ? NaN : Number(field.value);
    field.setAttribute("aria-invalid", String(!isSeed(seed)));
    if (!isSeed(seed)) return;
    choose(seed);
    focusPicture();
  });
  field.addEventListener("focus", () => field.select());
  byId("random", HTMLButtonElement).addEventListener("click", random);
  onLanguage(() => [...strip.children].forEach(describe));

  return {
    fill(of) {
      if (of === model) return;
      model = of;
      next = 0;
      near.disconnect();
      strip.replaceChildren();
      grow();
      show();
    },
    mark(seed) {
      if (seed === chosen && strip.querySelector("[aria-pressed=true]")) return;
      chosen = seed;
      show();
    },
    random,
    repair() {
      for (const image of strip.querySelectorAll("img")) {
        if (image.src && image.complete && image.naturalWidth === 0) image.src = image.src;
      }
    },
  };
}
