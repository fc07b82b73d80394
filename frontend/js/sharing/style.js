/**
 * The sheet that shows the picture in the style of another, at once or painted slowly as a job that outlives it, or in
 * another season.
 */

/** @typedef {import("../picture/document.js").Picture} Picture */
/** @typedef {import("../server/api.js").Style} Style */
/** @typedef {import("../server/jobs.js").Job} Job */

import { createLatest } from "../lib/latest.js";
import { inStyle, slowlyInStyle } from "../server/api.js";
import { cancelJob, followJob, isOver, jobResult, rememberJob, rememberedJob } from "../server/jobs.js";
import { inSeason } from "../server/translating.js";
import { fileName, saveFile } from "./download.js";
import { announce } from "../ui/announce.js";
import { byId } from "../ui/dom.js";
import { t } from "../ui/i18n.js";
import { notify, notifyError } from "../ui/notices.js";
import { closeSheet } from "../ui/sheet.js";
import { setSlider } from "../ui/slider.js";
import { createJobBar } from "../panels/job-bar.js";
import { createSeasons } from "./seasons.js";
import { createStyleStrip } from "./style-strip.js";

const SIDE = 512; // pixels of the result

/**
 * @param {() => Picture} picture  the present one, published
 * @param {import("../server/images.js").Images} images
 * @param {(model: string) => string[]} translations  the seasons that a model's pictures can be translated to
 * @returns {() => void} opens the sheet
 */
export function setUpStyle(picture, images, translations) {
  const dialog = byId("style", HTMLDialogElement);
  const image = byId("style-image", HTMLImageElement);
  const note = byId("style-note", HTMLElement);
  const strength = byId("style-strength", HTMLInputElement);
  const slowly = byId("style-slowly", HTMLButtonElement);
  const download = byId("style-download", HTMLButtonElement);
  const latest = createLatest();
  /** @type {AbortController | null} */
  let asking = null;
  /** @type {{blob: Blob, name: string} | null} */
  let result = null;
  /** @type {Job | null} */
  let job = null;
  let watching = false; // the job, on the sheet
  let stopFollowing = () => {};
  let shown = picture(); // what the sheet was opened with

  // Of a style and a season the one that was chosen last counts.
  const strip = createStyleStrip({ onChoose: () => choose(seasons), onProblem: say });
  const seasons = createSeasons({ onChoose: () => choose(strip), onProblem: say });
  const bars = [
    createJobBar(byId("style-job", HTMLElement), { cancel: () => void cancel() }),
    createJobBar(byId("job", HTMLElement), { cancel: () => void cancel(), open: () => open(true) }),
  ];

  /** @param {unknown} error */
  function say(error) {
    note.textContent = error instanceof Error ? t("error", { detail: error.message }) : String(error);
  }

  /** @param {Blob} blob @param {string} [name]  of the file, where it is a result */
  function show(blob, name) {
    URL.revokeObjectURL(image.src);
    image.src = URL.createObjectURL(blob);
    result = name ? { blob, name } : null;
    download.disabled = !result;
  }

  /** @param {() => Promise<Blob>} load @param {string} [name] */
  async function showNext(load, name) {
    const isLatest = latest();
    dialog.setAttribute("aria-busy", "true");
    try {
      const blob = await load();
      if (!isLatest()) return;
      show(blob, name);
      if (name) announce(t("said.style"));
    } catch (error) {
      if (isLatest()) say(error);
    } finally {
      if (isLatest()) dialog.removeAttribute("aria-busy");
    }
  }

  /** What was asked for is not waited for any more. */
  function settle() {
    latest();
    asking?.abort();
    dialog.removeAttribute("aria-busy");
  }

  /** @param {{clear: () => void}} other  what was chosen there does not count any more */
  function choose(other) {
    other.clear();
    void draw();
  }

  function draw() {
    const [style, season] = [strip.chosen(), seasons.chosen()];
    watching = false;
    tellBars();
    strength.disabled = season !== null;
    // A style that is only painted slowly has nothing to show yet, and what was asked for before it is not wanted.
    if (!season && (!style || !strip.fast())) return asking ? settle() : undefined;
    note.textContent = "";
    asking?.abort();
    const { signal } = (asking = new AbortController());
    if (season) {
      const name = `${fileName(shown)}-${season.to}-${season.style}.png`;
      return showNext(() => inSeason(shown, season, "png", undefined, signal), name);
    }
    if (!style) return;
    const much = Number(strength.value) / 100;
    return showNext(() => inStyle(shown, style, much, SIDE, signal), `${fileName(shown)}-${strip.name()}.png`);
  }

  /** @param {boolean} [toWatch]  the job */
  function open(toWatch = false) {
    watching = toWatch;
    shown = picture();
    note.textContent = "";
    dialog.showModal();
    if (toWatch && job) look(job);
    else void showNext(async () => (await images.load(shown)).blob).then(() => void (watching || draw()));
    seasons.fill(shown, translations(shown.model));
    void strip.fill(shown, () => dialog.open);
  }

  // Slowly.

  /** Show what it has so far, or what came of it. @param {Job} seen */
  function look(seen) {
    if (seen.state === "done") {
      void showNext(() => jobResult(seen.id), `${fileName(shown)}-style.png`);
      forget();
    } else if (seen.preview) {
      settle();
      image.src = seen.preview;
      result = null;
      download.disabled = true;
    }
  }

  /** @param {string} id */
  function follow(id) {
    rememberJob("style", id);
    stopFollowing = followJob(id, took, () => {
      forget();
      notify(t("job.gone"));
    });
  }

  /** @param {Job} next */
  function took(next) {
    job = next;
    if (next.problem) (dialog.open ? say : notifyError)(new Error(next.problem.detail));
    if (next.state === "done") announce(t("job.done"));
    else if (isOver(next)) forget();
    if (dialog.open && watching) look(next);
    tellBars();
  }

  function forget() {
    stopFollowing();
    rememberJob("style", "");
    job = null;
    tellBars();
  }

  function tellBars() {
    slowly.disabled = !strip.chosen() || !strip.slow() || job !== null;
    for (const bar of bars) bar(job);
  }

  async function cancel() {
    const id = job?.id;
    forget();
    if (id) await cancelJob(id).catch(() => {});
  }

  slowly.addEventListener("click", async () => {
    const style = strip.chosen();
    if (!style) return;
    slowly.disabled = true;
    asking?.abort();
    watching = true;
    try {
      follow((await slowlyInStyle(shown, style, Number(strength.value) / 100)).id);
    } catch (error) {
      say(error);
      tellBars();
    }
  });
  download.addEventListener("click", () => result && saveFile(result.blob, result.name));
  strength.addEventListener("input", () => setSlider(strength, Number(strength.value)));
  strength.addEventListener("change", () => void draw());
  setSlider(strength, 100);
  closeSheet(dialog, byId("style-close", HTMLButtonElement));
  dialog.addEventListener("close", () => {
    settle();
    seasons.stop();
  });
  byId("share-style", HTMLButtonElement).addEventListener("click", () => {
    byId("share", HTMLDialogElement).close();
    open();
  });
  if (rememberedJob("style")) follow(rememberedJob("style"));
  return open;
}
