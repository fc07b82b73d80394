/** The sheet that shows what the brush and inpaintings make of the same removal, with the time each took. */

/** @typedef {import("../server/comparing.js").Removal} Removal */

import { createLatest } from "../lib/latest.js";
import { published } from "../picture/changes.js";
import { compareRemoval, removalsOf } from "../server/comparing.js";
import { cancelJob, followJob } from "../server/jobs.js";
import { announce } from "../ui/announce.js";
import { byId, make } from "../ui/dom.js";
import { t } from "../ui/i18n.js";
import { closeSheet } from "../ui/sheet.js";

/** The ways whose names are words, or need some: the others have somebody's. @type {Record<string, string>} */
const NAMES = { brush: "comparison.brush", "Contextual Attention": "comparison.attention" };

/** @param {import("../picture/history.js").History} history */
export function setUpComparison(history) {
  const button = byId("comparison-open", HTMLButtonElement);
  const dialog = byId("comparison", HTMLDialogElement);
  const note = byId("comparison-note", HTMLElement);
  const list = byId("comparison-list", HTMLElement);
  const latest = createLatest();
  let stop = () => {};

  /** The places of the edits that remove and are not hidden. */
  const removing = () =>
    history.present().edits.flatMap(({ op, hidden }, i) => (op === "remove" && !hidden ? [i] : []));

  /** The removal whose row is open in the list of edits, or else the last. */
  function chosen() {
    const places = removing();
    const row = document.querySelector("#edits [aria-expanded=true]")?.closest("[data-index]");
    const open = Number(row?.getAttribute("data-index") ?? -1);
    return places.includes(open) ? open : places[places.length - 1];
  }

  async function open() {
    const isLatest = latest();
    const { edits } = history.present();
    // The document that the server gets is without hidden edits.
    const place = edits.slice(0, chosen()).filter(({ hidden }) => !hidden).length;
    list.replaceChildren();
    note.textContent = t("comparison.works");
    dialog.setAttribute("aria-busy", "true");
    dialog.showModal();
    /** @param {unknown} error */
    const fail = (error) => isLatest() && done(t("error", { detail: error instanceof Error ? error.message : "" }));
    try {
      const { id } = await compareRemoval(published(history.present()), place);
      const forget = () => void cancelJob(id).catch(() => {});
      if (!isLatest()) return forget();
      const unfollow = followJob(
        id,
        ({ state, problem }) => {
          if (problem) fail(new Error(problem.detail));
          if (state === "done") removalsOf(id).then((removals) => isLatest() && show(removals), fail).finally(forget);
        },
        () => fail(new Error("404")),
      );
      stop = () => {
        unfollow();
        forget();
      };
    } catch (error) {
      fail(error);
    }
  }

  /** @param {Removal[]} removals */
  function show(removals) {
    stop = () => {};
    list.replaceChildren(...removals.map(item));
    done("");
    announce(t("said.comparison", { count: removals.length }));
  }

  /** @param {string} text */
  function done(text) {
    note.textContent = text;
    dialog.removeAttribute("aria-busy");
  }

  closeSheet(dialog, byId("comparison-close", HTMLButtonElement));
  dialog.addEventListener("close", () => {
    latest();
    stop();
    stop = () => {};
  });
  button.addEventListener("click", () => void open());
  const follow = () => void (button.hidden = removing().length === 0);
  history.subscribe(follow);
  follow();
}

/** @param {Removal} removal */
function item({ way, ms, image }) {
  const name = way in NAMES ? t(NAMES[way]) : way;
  const time = make("span", {}, t("comparison.time", { ms: ms < 10 ? ms.toFixed(1) : Math.round(ms) }));
  const picture = make("img", { src: `data:image/png;base64,${image}`, alt: t("comparison.image", { way: name }) });
  return make("li", {}, make("figure", {}, picture, make("figcaption", {}, name, time)));
}
