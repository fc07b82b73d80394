/**
 * Inspect mode: click a point and see which units are most active there, lay their featuremaps over the picture,
 * switch single units on or off there, or copy the activation of the place and stamp it on another.
 */

/** @typedef {import("../picture/document.js").Edit} Edit */
/** @typedef {import("../picture/document.js").Picture} Picture */
/** @typedef {import("../server/api.js").Model} Model */
/** @typedef {import("../painting/gestures.js").Sample} Sample */
/** @typedef {import("../server/api.js").ActiveUnit} ActiveUnit */

import { greyPixels } from "../lib/grey.js";
import { createLatest } from "../lib/latest.js";
import { addEdit, published } from "../picture/changes.js";
import { coordinate, rounded } from "../picture/coordinates.js";
import { inspect } from "../server/api.js";
import { announce } from "../ui/announce.js";
import { byId, make } from "../ui/dom.js";
import { conceptName, onLanguage, t } from "../ui/i18n.js";
import { icon } from "../ui/icons.js";
import { alphaMap } from "../view/maps.js";

const SHOWN = 10;

/**
 * @typedef {{x: number, y: number}} Place
 *
 * @typedef {object} InspectorParts
 * @property {() => Picture} present
 * @property {(picture: Picture, announcement: string) => void} commit
 * @property {import("../painting/limits.js").Limits} limits
 * @property {() => number} radius
 * @property {() => Model} model
 * @property {import("../view/tint.js").Tint} tint
 * @property {(error: unknown) => void} onError
 *
 * @typedef {object} Inspector
 * @property {() => boolean} active
 * @property {(sample: Sample) => void} click
 * @property {() => void} toggle
 * @property {() => void} close
 */

/**
 * @param {InspectorParts} parts
 * @returns {Inspector}
 */
export function createInspector({ present, commit, limits, radius, model, tint, onError }) {
  const toggleButton = byId("inspect", HTMLButtonElement);
  const section = byId("inspector", HTMLElement);
  const layers = byId("inspect-layer", HTMLSelectElement);
  const list = byId("inspect-units", HTMLElement);
  const hint = byId("inspect-hint", HTMLElement);
  const copyButton = byId("inspect-copy", HTMLButtonElement);
  const stampButton = byId("inspect-stamp", HTMLButtonElement);
  /** @type {Place | null} */
  let place = null;
  /** @type {{layer: string, units: number[], levels: number[]} | null} */
  let copied = null;
  let stamping = false;
  let shownModel = "";
  const latest = createLatest();

  function active() {
    return !section.hidden;
  }

  function show() {
    const { name, edit_layer, layers: all } = model();
    if (shownModel !== name) {
      shownModel = name;
      copied = null;
      place = null;
      list.replaceChildren();
      layers.replaceChildren(
        ...all.map((layer) => make("option", { value: layer.name }, `${layer.name} · ${layer.width}×${layer.height}`)),
      );
      layers.value = edit_layer;
    }
    toggleButton.setAttribute("aria-pressed", String(active()));
    document.body.classList.toggle("inspecting", active());
    copyButton.disabled = place === null;
    stampButton.disabled = copied === null;
    stampButton.setAttribute("aria-pressed", String(stamping));
    hint.hidden = place !== null;
  }

  function close() {
    section.hidden = true;
    stamping = false;
    latest();
    tint.setMap(undefined);
    show();
  }

  function toggle() {
    if (active()) {
      close();
      return;
    }
    section.hidden = false;
    show();
    announce(t("inspect.hint"));
  }

  async function look() {
    if (!place) return;
    const isLatest = latest();
    const at = place;
    const layer = layers.value;
    try {
      const { units } = await inspect({ picture: published(present()), layer, point: [at.x, at.y], limit: SHOWN });
      if (!isLatest()) return;
      list.replaceChildren(...units.map((unit) => row(unit, layer, at)));
      show();
    } catch (error) {
      onError(error);
    }
  }

  /** @param {ActiveUnit} unit @param {string} layer @param {Place} at */
  function row(unit, layer, at) {
    const name = t("inspect.unit", { unit: unit.unit });
    const kind = unit.concept ? `${conceptName(unit.concept)} ${Math.round(100 * (unit.iou ?? 0))} %` : "";
    const rank = unit.quantile === null ? unit.activation.toFixed(1) : `${(100 * unit.quantile).toFixed(1)} %`;
    const thumbnail = make("span", { class: "unit-map" });
    const item = make(
      "li",
      { class: "unit", tabindex: 0 },
      thumbnail,
      make("span", { class: "unit-name" }, make("b", {}, name), make("small", {}, [kind, rank].filter(Boolean).join(" · "))),
      action("draw", t("inspect.on", { name }), () => switchUnit(unit, layer, at, "draw")),
      action("vanish", t("inspect.off", { name }), () => switchUnit(unit, layer, at, "remove")),
    );
    /** @type {HTMLCanvasElement | undefined} */
    let map;
    if (unit.featuremap) {
      void greyPixels(unit.featuremap).then(({ values, width, height }) => {
        map = alphaMap(Array.from(values, (value) => value / 255), width, height);
        thumbnail.append(map);
        if (item.matches(":hover, :focus-within")) tint.setMap(map);
      });
    }
    for (const event of ["pointerenter", "focusin"]) item.addEventListener(event, () => tint.setMap(map));
    for (const event of ["pointerleave", "focusout"]) item.addEventListener(event, () => tint.setMap(undefined));
    return item;
  }

  /** @param {ActiveUnit} unit @param {string} layer @param {Place} at @param {"draw" | "remove"} op */
  function switchUnit(unit, layer, at, op) {
    if (!limits.room()) return;
    /** @type {Edit} */
    const edit = { op, mask: dab(at), units: [unit.unit], layer };
    if (op === "draw") edit.levels = [Math.max(unit.high ?? 0, unit.activation, 1)];
    const name = t("inspect.unit", { unit: unit.unit });
    commit(addEdit(present(), edit), t(op === "draw" ? "inspect.on" : "inspect.off", { name }));
    void look();
  }

  /** @param {Place} at @returns {import("../picture/document.js").Mask} */
  function dab({ x, y }) {
    return { strokes: [{ points: [[coordinate(x), coordinate(y)]], radius: radius() }] };
  }

  async function copy() {
    if (!place) return;
    const { value: layer } = layers;
    const of = model();
    const limit = of.layers.find(({ name }) => name === layer)?.units ?? SHOWN;
    try {
      const { units } = await inspect({
        picture: published(present()),
        layer,
        point: [place.x, place.y],
        limit,
        featuremaps: false,
      });
      if (model() !== of) return;
      copied = {
        layer,
        units: units.map(({ unit }) => unit),
        levels: units.map(({ activation }) => rounded(activation)),
      };
      stamping = true;
      announce(t("inspect.copied"));
      show();
    } catch (error) {
      onError(error);
    }
  }

  /** @param {Sample} sample */
  function click(sample) {
    if (stamping && copied) {
      if (!limits.room()) return;
      const { layer, units, levels } = copied;
      const edit = /** @type {Edit} */ ({ op: "draw", mask: dab(sample), units, levels, layer });
      commit(addEdit(present(), edit), t("inspect.stamped"));
      return;
    }
    place = { x: coordinate(sample.x), y: coordinate(sample.y) };
    void look();
  }

  toggleButton.addEventListener("click", toggle);
  layers.addEventListener("change", () => {
    list.replaceChildren();
    tint.setMap(undefined);
    void look();
  });
  copyButton.addEventListener("click", () => void copy());
  stampButton.addEventListener("click", () => {
    stamping = !stamping;
    show();
  });
  onLanguage(() => void look());
  return { active, click, toggle, close };
}

/**
 * @param {string} image
 * @param {string} label
 * @param {() => void} run
 */
function action(image, label, run) {
  const button = make("button", { type: "button", class: "icon small", "aria-label": label, title: label });
  button.append(icon(image));
  button.addEventListener("click", run);
  return button;
}
