/** Scenes near that of the present picture; what was painted stays. */

/** @typedef {import("../picture/document.js").Picture} Picture */

import { createLatest } from "../lib/latest.js";
import { published } from "../picture/changes.js";
import { anySeed } from "../picture/seeds.js";
import { render } from "../server/api.js";
import { byId, make } from "../ui/dom.js";
import { t } from "../ui/i18n.js";
import { setUpRoving } from "../ui/roving.js";
import { wayTo } from "./way.js";

const COUNT = 9;
const DISTANCE = 0.28; // of the way to a random scene
const THUMBNAIL = 96;

/**
 * @typedef {object} NeighboursParts
 * @property {() => Picture} present
 * @property {(picture: Picture, announcement: string) => void} commit
 * @property {(model: string) => number} latentLength
 * @property {() => void} onToggle
 */

/**
 * @param {NeighboursParts} parts
 * @returns {{close: () => void}}
 */
export function createNeighbours({ present, commit, latentLength, onToggle }) {
  const toggle = byId("nearby", HTMLButtonElement);
  const strip = byId("neighbours", HTMLElement);
  const placeStop = setUpRoving(strip);
  const latest = createLatest();

  async function fill() {
    const isLatest = latest();
    const from = present();
    strip.replaceChildren();
    for (let number = 1; number <= COUNT; number += 1) {
      const way = await wayTo(from, anySeed(), latentLength(from.model)).catch(() => null);
      if (!isLatest()) return;
      if (!way) continue;
      const picture = way(from, DISTANCE);
      const image = make("img", { alt: "", width: THUMBNAIL, height: THUMBNAIL, draggable: "false" });
      const name = t("neighbour", { number });
      const button = make("button", { type: "button", class: "scene", "aria-label": name }, image);
      button.addEventListener("click", () => commit(picture, name));
      strip.append(button);
      placeStop();
      const blob = await render(published(picture), "jpeg").catch(() => null);
      if (!isLatest()) return;
      if (!blob) continue;
      image.src = URL.createObjectURL(blob);
      image.addEventListener("load", () => URL.revokeObjectURL(image.src), { once: true });
    }
  }

  /** @param {boolean} open */
  function show(open) {
    strip.hidden = !open;
    toggle.setAttribute("aria-pressed", String(open));
    if (open) void fill();
    else latest();
  }

  toggle.addEventListener("click", () => {
    onToggle();
    show(strip.hidden);
  });
  return { close: () => show(false) };
}
