/** The scenes: a strip of thumbnails, a random one, and any seed by its number. */

import { imageUrl } from "../server/api.js";
import { isSeed } from "../picture/document.js";
import { byId, make, reveal } from "../ui/dom.js";
import { onLanguage, t } from "../ui/i18n.js";
import { setUpRoving } from "../ui/roving.js";

const AT_FIRST = 24;
const THUMBNAIL = 96;

/**
 * @typedef {object} Scenes
 * @property {(model: import("../picture/types.js").Model) => void} fill
 * @property {(seed: number | undefined) => void} mark  the present scene; undefined for one without a seed
 * @property {() => void} random
 * @property {() => void} repair  ask again for thumbnails that did not come
 */

/**
 * @param {(seed: number) => void} choose
 * @returns {Scenes}
 */
export function createScenes(choose) {
  const strip = byId("scenes", HTMLElement);
  const field = byId("seed", HTMLInputElement);
  const settle = setUpRoving(strip);
  /** @type {import("../picture/types.js").Model | undefined} */
  let model;
  let next = 0;
  /** @type {number | undefined} */
  let present;

  const more = new IntersectionObserver(
    (entries) => {
      if (entries.some((entry) => entry.isIntersecting)) grow();
    },
    { root: strip, rootMargin: "200px" },
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
    settle();
  }

  /**
   * @param {import("../picture/types.js").Model} of
   * @param {number} seed
   */
  function thumbnail(of, seed) {
    const image = make("img", {
      src: imageUrl(of, seed, THUMBNAIL),
      alt: "",
      width: THUMBNAIL,
      height: THUMBNAIL,
      loading: "lazy",
      decoding: "async",
      fetchpriority: "low",
      draggable: "false",
    });
    const button = make("button", { type: "button", class: "scene", "data-seed": seed }, image);
    describe(button);
    return button;
  }

  /** @param {Element} button */
  function describe(button) {
    button.setAttribute("aria-label", t("scene", { seed: button.getAttribute("data-seed") ?? "" }));
    button.setAttribute("aria-pressed", String(Number(button.getAttribute("data-seed")) === present));
  }

  /** @param {number} seed */
  function find(seed) {
    return strip.querySelector(`[data-seed="${seed}"]`);
  }

  /** Mark the present scene, also one that nobody put into the strip. */
  function show() {
    field.value = present === undefined ? "" : String(present);
    field.removeAttribute("aria-invalid");
    if (present !== undefined && model && !find(present)) strip.prepend(thumbnail(model, present));
    [...strip.children].forEach(describe);
    settle();
    const chosen = present === undefined ? null : find(present);
    if (chosen) reveal(chosen);
  }

  function random() {
    choose(Math.floor(Math.random() * 1e6));
  }

  strip.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-seed]") : null;
    if (button) choose(Number(button.getAttribute("data-seed")));
  });
  byId("seed-form", HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault();
    const seed = field.value.trim() === "" ? NaN : Number(field.value);
    field.setAttribute("aria-invalid", String(!isSeed(seed)));
    if (isSeed(seed)) choose(seed);
  });
  field.addEventListener("focus", () => field.select());
  byId("random", HTMLButtonElement).addEventListener("click", random);
  onLanguage(() => [...strip.children].forEach(describe));

  return {
    fill(wanted) {
      if (wanted === model) return;
      model = wanted;
      next = 0;
      strip.replaceChildren();
      grow();
      show();
    },
    mark(seed) {
      if (seed === present && strip.querySelector("[aria-pressed=true]")) return;
      present = seed;
      show();
    },
    random,
    repair() {
      for (const image of strip.querySelectorAll("img")) {
        if (image.complete && image.naturalWidth === 0) image.src = image.src;
      }
    },
  };
}
