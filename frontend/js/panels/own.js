/** What the page says of a picture of one's own: how much of it the model lacks, where; and its own pixels, kept. */

/** @typedef {import("../picture/document.js").Picture} Picture */
/** @typedef {import("../picture/own-pictures.js").Own} Own */

import { fromBase64 } from "../lib/bytes.js";
import { createLatest } from "../lib/latest.js";
import { ownOf } from "../picture/own-pictures.js";
import { byId } from "../ui/dom.js";
import { onLanguage, t } from "../ui/i18n.js";
import { alphaMap } from "../view/maps.js";

/**
 * @param {import("../picture/history.js").History} history
 * @param {import("../view/keeping.js").Keeping} keeping
 * @returns {() => string | null} one's own picture where its pixels are kept, a JPEG in base64
 */
export function setUpOwn(history, keeping) {
  const section = byId("own", HTMLElement);
  const words = byId("own-missing", HTMLElement);
  const where = byId("own-map", HTMLInputElement);
  const keep = byId("own-keep", HTMLInputElement);
  const latest = createLatest();
  /** @type {Own | undefined} */
  let own;
  let base = "";

  function say() {
    words.textContent = own ? t("own.missing", { share: Math.round(100 * own.share) }) : "";
  }
  onLanguage(say);

  async function show() {
    const isLatest = latest();
    keeping.setMap(own && where.checked ? alphaMap(own.grid.flat(), own.grid[0].length, own.grid.length) : null);
    const file = own && keep.checked ? new Blob([fromBase64(own.own)], { type: "image/jpeg" }) : null;
    const image = file && (await createImageBitmap(file).catch(() => null));
    if (isLatest()) keeping.setOwn(image);
  }

  function follow() {
    const present = history.present();
    const other = present.base?.float16 ?? "";
    if (other === base) return;
    base = other;
    own = ownOf(present);
    section.hidden = !own;
    say();
    void show();
  }
  history.subscribe(follow);
  for (const box of [where, keep]) box.addEventListener("change", () => void show());
  follow();
  return () => (own && keep.checked ? own.own : null);
}
