/** Rows of looks at the picture in the seasons that its model knows, six styles of each at a time. */

/** @typedef {import("../picture/document.js").Picture} Picture */
/** @typedef {import("../server/translating.js").Season} Season */

import { inSeason } from "../server/translating.js";
import { byId, make } from "../ui/dom.js";
import { onLanguage, t, textOr } from "../ui/i18n.js";
import { icon } from "../ui/icons.js";
import { setUpRoving } from "../ui/roving.js";

const COUNT = 6;
const THUMBNAIL = 160;

/**
 * One season's row. first: the number of its first style.
 *
 * @typedef {{to: string, first: number, heading: HTMLElement, others: HTMLButtonElement, strip: HTMLElement, placeStop: () => void}} Row
 *
 * @typedef {object} Seasons
 * @property {(picture: Picture, translations: string[]) => void} fill
 * @property {() => void} stop  nobody looks any more
 * @property {() => Season | null} chosen
 * @property {() => void} clear  none is chosen
 */

/**
 * @param {{onChoose: () => void, onProblem: (error: unknown) => void}} on
 * @returns {Seasons}
 */
export function createSeasons({ onChoose, onProblem }) {
  const section = byId("seasons", HTMLElement);
  /** @type {Row[]} */
  let rows = [];
  /** @type {Picture | null} */
  let shown = null;
  /** @type {Season | null} */
  let chosen = null;
  let asking = new AbortController();

  /** @param {Row} row */
  const buttons = ({ strip }) => /** @type {HTMLButtonElement[]} */ ([...strip.children]);

  function describe() {
    for (const row of rows) {
      const season = textOr(`season.${row.to}`, row.to);
      row.heading.textContent = season;
      row.strip.setAttribute("aria-label", season);
      label(row.others, t("season.others", { season }));
      for (const button of buttons(row)) {
        label(button, t("season.style", { season, number: button.value }));
        button.setAttribute("aria-pressed", String(row.to === chosen?.to && Number(button.value) === chosen.style));
      }
      row.placeStop();
    }
  }
  onLanguage(describe);

  /** @param {HTMLButtonElement} button @param {string} text */
  function label(button, text) {
    button.setAttribute("aria-label", text);
    button.title = text;
  }

  /** @param {string} to @returns {Row} */
  function makeRow(to) {
    const heading = make("h3");
    const others = make("button", { type: "button", class: "icon small" }, icon("dice"));
    const strip = make("div", { class: "strip season", role: "group", "data-season": to });
    const first = chosen?.to === to ? chosen.style - (chosen.style % COUNT) : 0;
    const row = { to, first, heading, others, strip, placeStop: setUpRoving(strip) };
    strip.addEventListener("click", ({ target }) => {
      const button = target instanceof Element ? target.closest("button") : null;
      if (!button) return;
      chosen = { to, style: Number(button.value) };
      describe();
      onChoose();
    });
    others.addEventListener("click", () => {
      row.first += COUNT;
      place(row);
      draw();
    });
    place(row);
    return row;
  }

  /** @param {Row} row */
  function place(row) {
    const styles = Array.from({ length: COUNT }, (_, i) => row.first + i);
    row.strip.replaceChildren(...styles.map((style) => make("button", { type: "button", class: "scene", value: style })));
    describe();
  }

  /** Draw what is not there yet, one after the other: what is asked for first is what is looked at first. */
  async function draw() {
    stop();
    const { signal } = asking;
    const picture = shown;
    section.setAttribute("aria-busy", "true");
    try {
      for (const row of rows) {
        for (const button of buttons(row).filter(({ firstChild }) => !firstChild)) {
          if (!picture || signal.aborted) return;
          const blob = await inSeason(picture, { to: row.to, style: Number(button.value) }, "jpeg", THUMBNAIL, signal);
          const look = make("img", { src: URL.createObjectURL(blob), alt: "", draggable: "false" });
          look.addEventListener("load", () => URL.revokeObjectURL(look.src), { once: true });
          button.replaceChildren(look);
        }
      }
    } catch (error) {
      if (!signal.aborted) onProblem(error);
    } finally {
      if (!signal.aborted) section.removeAttribute("aria-busy");
    }
  }

  function stop() {
    asking.abort();
    asking = new AbortController();
    section.removeAttribute("aria-busy");
  }

  return {
    fill(picture, translations) {
      shown = picture;
      section.hidden = translations.length === 0;
      if (!translations.includes(chosen?.to ?? "")) chosen = null;
      rows = translations.map(makeRow);
      section.replaceChildren(...rows.flatMap(({ heading, others, strip }) => [make("div", { class: "head" }, heading, others), strip]));
      describe();
      void draw();
    },
    stop,
    chosen: () => chosen,
    clear() {
      chosen = null;
      describe();
    },
  };
}
