/** Scenes near the present one, and scenes between two; what was painted stays. */

/** @typedef {import("../picture/types.js").Picture} Picture */
/** @typedef {import("../picture/types.js").Model} Model */

import { announce } from "../ui/announce.js";
import { render } from "../server/api.js";
import { fill } from "../panels/controls.js";
import { MAX_SEED, published } from "../picture/document.js";
import { byId, make } from "../ui/dom.js";
import { t } from "../ui/i18n.js";
import { between, latentOf } from "./latent.js";
import { setUpRoving } from "../ui/roving.js";

const NEIGHBOURS = 9;
const NEARNESS = 0.28; // of the way to a random scene
const THUMBNAIL = 96;

/**
 * @typedef {object} MixingParts
 * @property {() => Picture} present
 * @property {(picture: Picture) => void} commit
 * @property {import("../server/frames.js").Frames["draft"]} draft
 * @property {() => void} abandon
 * @property {(name: string) => Model} model
 *
 * @typedef {object} Mixing
 * @property {() => boolean} choosing  whether the next scene that is chosen is the other one of a mix
 * @property {(seed: number) => void} mixWith
 * @property {() => void} close
 */

/**
 * @param {MixingParts} parts
 * @returns {Mixing}
 */
export function createMixing({ present, commit, draft, abandon, model }) {
  const nearby = byId("nearby", HTMLButtonElement);
  const strip = byId("neighbours", HTMLElement);
  const settle = setUpRoving(strip);
  const mix = byId("mix", HTMLButtonElement);
  const panel = byId("mix-panel", HTMLElement);
  const slider = byId("mix-slider", HTMLInputElement);
  const hint = byId("mix-hint", HTMLElement);
  /** @type {{from: Picture, a: number[], b: number[]} | null} */
  let ends = null;
  let round = 0;

  /** @param {Picture} picture */
  function latent(picture) {
    return picture.z ?? latentOf(picture.seed ?? 0, model(picture.model).latent_dim);
  }

  /** @param {Picture} picture @param {number[]} z @returns {Picture} */
  function withLatent({ seed, ...picture }, z) {
    return { ...picture, z };
  }

  function someSeed() {
    return Math.floor(Math.random() * (MAX_SEED + 1));
  }

  async function showNeighbours() {
    round += 1;
    const mine = round;
    const from = present();
    const a = latent(from);
    strip.replaceChildren();
    for (let i = 0; i < NEIGHBOURS; i += 1) {
      const picture = withLatent(from, between(a, latentOf(someSeed(), a.length), NEARNESS));
      const image = make("img", { alt: "", width: THUMBNAIL, height: THUMBNAIL, draggable: "false" });
      const button = make("button", { type: "button", class: "scene", "aria-label": t("neighbour", { number: i + 1 }) }, image);
      button.addEventListener("click", () => {
        commit(picture);
        announce(t("neighbour", { number: i + 1 }));
      });
      strip.append(button);
      settle();
      const blob = await render(published(picture), "jpeg").catch(() => null);
      if (round !== mine) return;
      if (!blob) continue;
      image.src = URL.createObjectURL(blob);
      image.addEventListener("load", () => URL.revokeObjectURL(image.src), { once: true });
    }
  }

  nearby.addEventListener("click", () => {
    closeMix();
    const open = strip.hidden;
    strip.hidden = !open;
    nearby.setAttribute("aria-pressed", String(open));
    if (open) void showNeighbours();
    else round += 1;
  });

  function closeMix() {
    panel.hidden = true;
    ends = null;
    mix.setAttribute("aria-pressed", "false");
  }

  mix.addEventListener("click", () => {
    const open = panel.hidden;
    if (!open) {
      closeMix();
      return;
    }
    panel.hidden = false;
    slider.hidden = true;
    hint.hidden = false;
    mix.setAttribute("aria-pressed", "true");
    announce(t("mix.hint"));
  });

  function mixed() {
    if (!ends) return present();
    return withLatent(ends.from, between(ends.a, ends.b, Number(slider.value) / 100));
  }
  slider.addEventListener("input", () => {
    fill(slider, Number(slider.value));
    draft(() => ({ picture: published(mixed()), mark: 0 }));
  });
  slider.addEventListener("change", () => {
    if (Number(slider.value) === 0) abandon();
    else commit(mixed());
  });

  return {
    choosing: () => !panel.hidden,
    mixWith(seed) {
      const from = ends?.from ?? present();
      const a = latent(from);
      ends = { from, a, b: latentOf(seed, a.length) };
      slider.hidden = false;
      hint.hidden = true;
      fill(slider, 50);
      slider.focus();
      commit(mixed());
    },
    close() {
      closeMix();
      strip.hidden = true;
      nearby.setAttribute("aria-pressed", "false");
      round += 1;
    },
  };
}
