/** The list of edits, newest on top: what each did, shown where it did it, to hide, weaken, move or delete. */

/** @typedef {import("../picture/document.js").Edit} Edit */
/** @typedef {import("../picture/document.js").Picture} Picture */

import { sizeOf } from "../lib/decoding.js";
import { changeEdit, deleteEdit, moveEdit, published } from "../picture/changes.js";
import { byId, make } from "../ui/dom.js";
import { conceptName, onLanguage, t } from "../ui/i18n.js";
import { icon } from "../ui/icons.js";
import { gestureOf, setSlider } from "../ui/slider.js";
import { fillMask } from "../view/masks.js";
import { fitted } from "../view/pixels.js";
import { conceptIcon } from "./concept-icons.js";

const THUMBNAIL = 80; // pixels of the longer side

/**
 * @typedef {object} EditsParts
 * @property {import("../picture/history.js").History} history
 * @property {(picture: Picture, announcement: string) => void} commit
 * @property {import("../server/frames.js").Frames["draft"]} draft
 * @property {import("../lib/gesturing.js").Gesturing} gesturing
 * @property {import("../view/tint.js").Tint} tint
 * @property {() => import("../lib/decoding.js").Unpacked | null} image  the picture on the screen
 */

/**
 * @param {EditsParts} parts
 * @returns {() => void} draws the thumbnails again, once a new picture is on the screen
 */
export function createEdits({ history, commit, draft, gesturing, tint, image }) {
  const section = byId("edits-section", HTMLElement);
  const list = byId("edits", HTMLElement);
  /** @type {number | null} */
  let open = null;

  function build() {
    const { edits } = history.present();
    const focused = document.activeElement?.closest("#edits") ? keyOf(document.activeElement) : null;
    if (open !== null && open >= edits.length) open = null;
    section.hidden = edits.length === 0;
    tint.setMask(undefined);
    list.replaceChildren(...edits.map(row).reverse());
    if (focused) refocus(focused);
  }

  /** @param {{index: number, action: string}} focused */
  function refocus({ index, action }) {
    const last = history.present().edits.length - 1;
    const same = list.querySelector(`[data-index="${Math.min(index, last)}"] [data-action="${action}"]`);
    const target = same ?? list.querySelector("[data-action=open]");
    if (target instanceof HTMLElement) target.focus();
  }

  /** @param {Edit} edit @param {number} index */
  function row(edit, index) {
    const name = t(`edit.${edit.op}`, { concept: editName(edit) });
    const swatch = make("span", { class: "edit-concept" });
    swatch.append(conceptIcon(edit.concept ?? "unit"));
    const thumbnail = make("canvas", { class: "edit-thumbnail", width: THUMBNAIL, height: THUMBNAIL, "aria-hidden": "true" });
    paintThumbnail(thumbnail, edit);
    const main = make(
      "button",
      { type: "button", class: "edit-main", "data-action": "open", "aria-expanded": String(open === index) },
      thumbnail,
      swatch,
      make("span", { class: "edit-name" }, name),
    );
    main.addEventListener("click", () => {
      open = open === index ? null : index;
      build();
    });
    const eye = button("hide", edit.hidden ? "hidden" : "eye", t(edit.hidden ? "edit.show" : "edit.hide", { name }), () => {
      const hidden = !edit.hidden;
      commit(changeEdit(history.present(), index, { hidden }), t(hidden ? "said.hidden" : "said.shown", { name }));
    });
    eye.setAttribute("aria-pressed", String(edit.hidden === true));
    const item = make("li", { class: `edit ${edit.op}${edit.hidden ? " off" : ""}`, "data-index": index }, main, eye);
    if (open === index) item.append(details(edit, index, name));
    for (const event of ["pointerenter", "focusin"]) item.addEventListener(event, () => tint.setMask(edit.mask));
    for (const event of ["pointerleave", "focusout"]) item.addEventListener(event, () => tint.setMask(undefined));
    return item;
  }

  /** @param {Edit} edit @param {number} index @param {string} name */
  function details(edit, index, name) {
    const last = history.present().edits.length - 1;
    const slider = make("input", {
      type: "range",
      min: 0,
      max: 100,
      "aria-label": t("edit.strength", { name }),
      "data-action": "strength",
    });
    setSlider(slider, Math.round(100 * (edit.strength ?? 1)));
    /** @param {number} percent */
    const changed = (percent) => changeEdit(history.present(), index, { strength: percent / 100 });
    gestureOf(slider, gesturing, {
      drag(percent) {
        setSlider(slider, percent);
        tint.setMask(undefined);
        draft(() => ({ picture: published(changed(percent)) }));
      },
      end: (percent) => commit(changed(percent), t("said.strength", { percent })),
      cancel: history.stay,
    });
    const up = button("up", "up", t("edit.up", { name }), () => move(index, index + 1));
    const down = button("down", "down", t("edit.down", { name }), () => move(index, index - 1));
    up.disabled = index === last;
    down.disabled = index === 0;
    const bin = button("delete", "bin", t("edit.delete", { name }), () => {
      open = null;
      commit(deleteEdit(history.present(), index), t("said.deleted", { name }));
    });
    return make("div", { class: "edit-details" }, slider, up, down, bin);
  }

  /** @param {number} from @param {number} to */
  function move(from, to) {
    open = to;
    commit(moveEdit(history.present(), from, to), t("said.moved"));
    refocus({ index: to, action: to > from ? "up" : "down" });
  }

  /** @param {HTMLCanvasElement} canvas @param {Edit} edit */
  function paintThumbnail(canvas, edit) {
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    const picture = image();
    const again = () => paintThumbnail(canvas, edit);
    if (picture) Object.assign(canvas, fitted(sizeOf(picture), THUMBNAIL)); // empty again
    const { width, height } = canvas;
    context.clearRect(0, 0, width, height);
    context.fillStyle = edit.op === "draw" ? "#45d3ad" : "#ff6f50";
    context.globalAlpha = 0.85;
    fillMask(context, edit.mask, again);
    context.globalAlpha = 1;
    context.globalCompositeOperation = "destination-over";
    if (picture) context.drawImage(picture, 0, 0, width, height);
    context.globalCompositeOperation = "source-over";
  }

  history.subscribe(build);
  onLanguage(build);
  build();

  return () => {
    for (const item of list.children) {
      const edit = history.present().edits[Number(item.getAttribute("data-index"))];
      const canvas = item.querySelector("canvas");
      if (edit && canvas) paintThumbnail(canvas, edit);
    }
  };
}

/** @param {Edit} edit */
function editName(edit) {
  if (edit.concept) return conceptName(edit.concept);
  return t("edit.units", { count: Array.isArray(edit.units) ? edit.units.length : 0 });
}

/** @param {Element} element */
function keyOf(element) {
  const index = Number(element.closest("[data-index]")?.getAttribute("data-index"));
  return { index, action: element.getAttribute("data-action") ?? "open" };
}

/**
 * @param {string} action
 * @param {string} image
 * @param {string} label
 * @param {() => void} run
 */
function button(action, image, label, run) {
  const element = make("button", { type: "button", class: "icon small", "data-action": action, "aria-label": label, title: label });
  element.append(icon(image));
  element.addEventListener("click", run);
  return element;
}
