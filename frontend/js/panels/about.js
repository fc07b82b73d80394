/** What the model in use is: its family, resolution, licence, where it comes from and what to cite. */

/** @typedef {import("../server/api.js").Model} Model */

import { byId, make } from "../ui/dom.js";
import { onLanguage, t } from "../ui/i18n.js";

/** @returns {(model: Model) => void} to call when the model is another one */
export function setUpAbout() {
  const list = byId("about-lines", HTMLElement);
  /** @type {Model | undefined} */
  let shown;

  /** @param {Model} model */
  function show(model) {
    shown = model;
    const { title, name, family, size: [height, width], license, source, citation } = model;
    /** @type {[string, string | null][]} */
    const lines = [
      [t("model"), title || name],
      [t("about.family"), family],
      [t("about.resolution"), `${width} × ${height}`],
      [t("about.license"), license === "unknown" ? t("about.unknown") : license],
      [t("about.source"), source],
      [t("about.citation"), citation],
    ];
    const there = lines.filter(([, text]) => text);
    list.replaceChildren(...there.map(([term, text]) => make("div", {}, make("dt", {}, term), make("dd", {}, text ?? ""))));
  }
  onLanguage(() => shown && show(shown));
  return show;
}
