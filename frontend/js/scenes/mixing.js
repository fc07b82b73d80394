/** Scenes between that of the present picture and another one; what was painted stays. */

/** @typedef {import("../picture/document.js").Picture} Picture */

import { createLatest } from "../lib/latest.js";
import { published } from "../picture/changes.js";
import { announce } from "../ui/announce.js";
import { byId } from "../ui/dom.js";
import { t } from "../ui/i18n.js";
import { gestureOf, setSlider } from "../ui/slider.js";
import { wayTo } from "./way.js";

/**
 * @typedef {object} MixingParts
 * @property {() => Picture} present
 * @property {(picture: Picture) => void} push  make it the present one
 * @property {import("../server/frames.js").Frames["draft"]} draft
 * @property {import("../lib/gesturing.js").Gesturing} gesturing
 * @property {() => void} restore  show the present picture again
 * @property {(model: string) => number} latentLength
 * @property {(error: unknown) => void} onError
 *
 * @typedef {object} Mixing
 * @property {() => boolean} choosing  whether the next scene that is chosen is the other one of a mix
 * @property {(seed: number) => Promise<void>} mixWith
 * @property {() => void} close
 */

/**
 * @param {MixingParts} parts
 * @returns {Mixing}
 */
export function createMixing({ present, push, draft, gesturing, restore, latentLength, onError }) {
  const toggle = byId("mix", HTMLButtonElement);
  const panel = byId("mix-panel", HTMLElement);
  const slider = byId("mix-slider", HTMLInputElement);
  const hint = byId("mix-hint", HTMLElement);
  const latest = createLatest();
  /** @type {{from: Picture, way: import("./way.js").Way} | null} */
  let mix = null;
  let mixedAt = 0; // of the slider

  function close() {
    panel.hidden = true;
    mix = null;
    latest();
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
    return mix ? mix.way(present(), Number(slider.value) / 100) : present();
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
    async mixWith(seed) {
      const isLatest = latest();
      const from = mix?.from ?? present();
      try {
        const way = await wayTo(from, seed, latentLength(from.model));
        if (!isLatest()) return;
        mix = { from, way };
      } catch (error) {
        if (isLatest()) onError(error);
        return;
      }
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
