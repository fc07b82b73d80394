/** The scene itself: sliders that move it along the model's directions, there only where the model has some. */

/** @typedef {import("../server/api.js").Direction} Direction */
/** @typedef {import("../picture/document.js").Picture} Picture */

import { moveAlong, published } from "../picture/changes.js";
import { byId, make } from "../ui/dom.js";
import { onLanguage, t, textOr } from "../ui/i18n.js";
import { gestureOf } from "../ui/slider.js";
import { isFixed } from "./fixed.js";

const STEPS = 100; // of a slider from the middle to an end
const DETENT = 5; // steps: so near to the middle it is the middle

/**
 * @typedef {object} DirectionsParts
 * @property {import("../picture/history.js").History} history
 * @property {(picture: Picture, announcement: string) => void} commit
 * @property {import("../server/frames.js").Frames["draft"]} draft
 * @property {import("../lib/gesturing.js").Gesturing} gesturing
 *
 * @param {DirectionsParts} parts
 * @returns {(directions: Direction[]) => void} fills the list with a model's directions
 */
export function createDirections({ history, commit, draft, gesturing }) {
  const section = byId("directions-section", HTMLElement);
  const list = byId("directions", HTMLElement);
  const reset = byId("directions-reset", HTMLButtonElement);
  /** @type {Direction[]} */
  let directions = [];
  /** @type {{direction: Direction, slider: HTMLInputElement}[]} */
  let rows = [];

  /** @param {Direction} direction @param {number} amount */
  function move({ name }, amount) {
    if (amount === amountOf(name)) return history.present();
    return moveAlong(history.present(), name, amount);
  }

  /** @param {string} name */
  function amountOf(name) {
    return history.present().directions?.[name] ?? 0;
  }

  /** @param {Direction} direction */
  function row(direction) {
    const { title, low, high } = wordsOf(direction);
    const slider = make("input", { type: "range", min: -STEPS, max: STEPS, "data-direction": direction.name, "aria-label": title });
    gestureOf(slider, gesturing, {
      drag(position) {
        const amount = amountAt(direction, position);
        place(slider, direction, amount);
        draft(() => ({ picture: published(move(direction, amount)) }));
      },
      end: (position) => finish(direction, amountAt(direction, position)),
      cancel: history.stay,
    });
    slider.addEventListener("dblclick", () => finish(direction, 0));
    rows.push({ direction, slider });
    return make(
      "div",
      { class: "direction" },
      make("span", { class: "direction-name", "aria-hidden": "true" }, title),
      slider,
      make("span", { class: "direction-ends", "aria-hidden": "true" }, make("span", {}, low), make("span", {}, high)),
    );
  }

  /** @param {Direction} direction @param {number} amount */
  function finish(direction, amount) {
    const picture = move(direction, amount);
    // The drafts of a slider that came back to where it was are still to be replaced.
    if (picture === history.present()) history.stay();
    else commit(picture, saying(direction, amount));
  }

  reset.addEventListener("click", () => {
    const { directions: moved, ...picture } = history.present();
    if (!moved) return;
    commit(picture, t("said.directions"));
  });

  function show() {
    for (const { direction, slider } of rows) {
      place(slider, direction, amountOf(direction.name));
      slider.disabled = isFixed(history.present());
    }
    reset.hidden = rows.every(({ direction }) => amountOf(direction.name) === 0);
  }
  history.subscribe(show);

  function build() {
    rows = [];
    list.replaceChildren(...directions.map(row));
    section.hidden = directions.length === 0;
    show();
  }
  onLanguage(build);

  return (known) => {
    directions = known;
    build();
  };
}

/** @param {Direction} direction @param {number} position  -STEPS..STEPS */
function amountAt({ range: [low, high] }, position) {
  if (Math.abs(position) < DETENT) return 0;
  return Math.round((100 * position * (position < 0 ? -low : high)) / STEPS) / 100;
}

/** @param {HTMLInputElement} slider @param {Direction} direction @param {number} amount */
function place(slider, direction, amount) {
  const [low, high] = direction.range;
  const position = Math.round((STEPS * amount) / (amount < 0 ? -low : high));
  slider.value = String(position);
  slider.style.setProperty("--from", `${50 + Math.min(0, position) / 2}%`);
  slider.style.setProperty("--fill", `${50 + Math.max(0, position) / 2}%`);
  slider.setAttribute("aria-valuetext", saying(direction, amount));
}

/** What it and its ends are called in the page's language, else by the server. @param {Direction} direction */
function wordsOf({ name, title, low, high }) {
  const key = `direction.${name}`;
  return { title: textOr(key, title), low: textOr(`${key}.low`, low), high: textOr(`${key}.high`, high) };
}

/** In words where the slider stands. @param {Direction} direction @param {number} amount */
function saying(direction, amount) {
  const { title, low, high } = wordsOf(direction);
  const percent = Math.round((100 * amount) / (amount < 0 ? direction.range[0] : direction.range[1]));
  return amount === 0 ? t("direction.usual", { title }) : t("direction.moved", { title, end: amount < 0 ? low : high, percent });
}
