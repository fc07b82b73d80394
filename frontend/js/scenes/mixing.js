/** Scenes between that of the present picture and another one; what was painted stays. */

/** @typedef {import("../picture/document.js").Picture} Picture */

import { published, withLatent } from "../picture/changes.js";
import { announce } from "../ui/announce.js";
import { byId } from "../ui/dom.js";
import { t } from "../ui/i18n.js";
import { gestureOf, setSlider } from "../ui/slider.js";
import { between, latentOf, pictureLatent } from "./latent.js";

/**
 * @typedef {object} MixingParts
 * @property {() => Picture} present
 * @property {(picture: Picture) => void} push  make it the present one
 * @property {import("../server/frames.js").Frames["draft"]} draft
 * @property {import("../lib/gesturing.js").Gesturing} gesturing
 * @property {() => void} restore  show the present picture again
 * @property {(model: string) => number} latentLength
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
export function createMixing({ present, push, draft, gesturing, restore, latentLength }) {
  const toggle = byId("mix", HTMLButtonElement);
  const panel = byId("mix-panel", HTMLElement);
  const slider = byId("mix-slider", HTMLInputElement);
  const hint = byId("mix-hint", HTMLElement);
  /** @type {{from: Picture, a: number[], b: number[]} | null} */
  let ends = null;
  let mixedAt = 0; // of the slider

  function close() {
    panel.hidden = true;
    ends = null;
    toggle.setAttribute("aria-pressed", "false");
  }

  function open() {
    panel.hidden = false;
    slider.hidden = true;
    hint.hidden = false;
    toggle.setAttribute("aria-pressed", "true");
    announce(t("mix.hint"));
  }

  function mixed() {
    if (!ends) return present();
    return withLatent(ends.from, between(ends.a, ends.b, Number(slider.value) / 100));
  }

  toggle.addEventListener("click", () => (panel.hidden ? open() : close()));
  gestureOf(slider, gesturing, {
    drag(value) {
      setSlider(slider, value);
      draft(() => ({ picture: published(mixed()) }));
    },
    end(value) {
      setSlider(slider, value);
      if (value === 0) restore();
      else push(mixed());
      mixedAt = value;
    },
    cancel() {
      setSlider(slider, mixedAt);
      restore();
    },
  });

  return {
    choosing: () => !panel.hidden,
    mixWith(seed) {
      const from = ends?.from ?? present();
      const a = pictureLatent(from, latentLength(from.model));
      ends = { from, a, b: latentOf(seed, a.length) };
      slider.hidden = false;
      hint.hidden = true;
      setSlider(slider, 50);
      slider.focus();
      push(mixed());
      mixedAt = 50;
    },
    close,
  };
}
