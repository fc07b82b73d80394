/** The strip of styles: those with an image, those by number, each as a look at the picture in it, and one's own image. */

/** @typedef {import("../picture/document.js").Picture} Picture */
/** @typedef {import("../server/api.js").Style} Style */

import { createLatest } from "../lib/latest.js";
import { shrunk } from "../lib/shrunk.js";
import { inStyle, styles } from "../server/api.js";
import { byId, make } from "../ui/dom.js";
import { onLanguage, t, textOr } from "../ui/i18n.js";
import { icon } from "../ui/icons.js";
import { setUpRoving } from "../ui/roving.js";

const OWN = "own";
const SIDE = 512; // pixels of one's own image, as sent
const THUMBNAIL = 96;

/**
 * @typedef {object} StyleStrip
 * @property {(picture: Picture, goOn: () => boolean) => Promise<void>} fill  goOn: whether anybody looks still
 * @property {() => Style | null} chosen
 * @property {() => string} name  of the chosen one
 * @property {() => void} clear  none is chosen
 * @property {() => boolean} fast  whether the server can
 * @property {() => boolean} slow  whether it can, and the chosen one can be painted so
 */

/**
 * @param {{onChoose: () => void, onProblem: (error: unknown) => void}} on
 * @returns {StyleStrip}
 */
export function createStyleStrip({ onChoose, onProblem }) {
  const strip = byId("styles", HTMLElement);
  const file = byId("style-file", HTMLInputElement);
  const placeStop = setUpRoving(strip);
  const latest = createLatest();
  /** @type {Awaited<ReturnType<typeof styles>> | null} */
  let known = null;
  let name = "";
  let own = ""; // one's own image, a data: URL

  const buttons = () => /** @type {HTMLButtonElement[]} */ ([...strip.querySelectorAll("button")]);

  function describe() {
    for (const button of buttons()) {
      const style = button.value;
      button.setAttribute("aria-label", style === OWN ? t("style.own") : textOr(`style.${style}`, t("style.number", { number: style })));
      button.title = button.getAttribute("aria-label") ?? "";
      button.setAttribute("aria-pressed", String(style === name));
    }
    placeStop();
  }
  onLanguage(describe);

  /** @param {string} value @param {string | null} src */
  function tile(value, src) {
    const shown = src ? make("img", { src, alt: "", draggable: "false" }) : value === OWN ? icon("open") : value;
    return make("button", { type: "button", class: "scene", value }, shown);
  }

  /** @param {string} chosen */
  function choose(chosen) {
    name = chosen;
    describe();
    onChoose();
  }

  strip.addEventListener("click", ({ target }) => {
    const button = target instanceof Element ? target.closest("button") : null;
    if (!button) return;
    if (button.value === OWN && (!own || name === OWN)) file.click();
    else choose(button.value);
  });
  file.addEventListener("change", async () => {
    const chosen = file.files?.[0];
    file.value = "";
    if (!chosen) return;
    try {
      own = await shrunk(chosen, SIDE);
    } catch {
      onProblem(t("style.unreadable"));
      return;
    }
    buttons()[0].replaceChildren(make("img", { src: own, alt: "", draggable: "false" }));
    choose(OWN);
  });

  return {
    async fill(picture, goOn) {
      const isLatest = latest();
      try {
        known ??= await styles();
      } catch (error) {
        onProblem(error);
        return;
      }
      const missing = [known.fast, known.slow].filter((text) => text !== null);
      if (missing.length) onProblem(missing.join(" "));
      const usable = known.styles.filter(({ slow }) => known && (known.fast === null || (slow && known.slow === null)));
      strip.replaceChildren(
        ...(usable.length ? [tile(OWN, own || null)] : []),
        ...usable.map(({ name: style, image }) => tile(style, image)),
      );
      describe();
      // Those without an image show the picture itself, one after the other.
      for (const { name: style, image } of usable) {
        if (image !== null) continue;
        const blob = await inStyle(picture, { style }, 1, THUMBNAIL).catch(() => null);
        if (!isLatest() || !goOn()) return;
        const button = buttons().find(({ value }) => value === style);
        if (!blob || !button) continue;
        const look = make("img", { src: URL.createObjectURL(blob), alt: "", draggable: "false" });
        look.addEventListener("load", () => URL.revokeObjectURL(look.src), { once: true });
        button.replaceChildren(look);
      }
    },
    chosen: () => (name === OWN ? { image: own } : name ? { style: name } : null),
    name: () => name,
    clear() {
      name = "";
      describe();
    },
    fast: () => known?.fast === null,
    slow: () => known?.slow === null && (name === OWN || known.styles.some((style) => style.name === name && style.slow)),
  };
}
