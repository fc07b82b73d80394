/** What the studio begins with: the server's models, the brush and the pictures of last time. */

/** @typedef {import("./types.js").Brush} Brush */
/** @typedef {import("./types.js").Model} Model */

import { Unreachable, models } from "./api.js";
import { newPicture } from "./document.js";
import { byId } from "./dom.js";
import { createHistory } from "./history.js";
import { t } from "./i18n.js";
import { notify, notifyError } from "./notices.js";
import { loadHistory, preference } from "./storage.js";

export const FIRST_SEED = 7;

/** @returns {Brush} */
export function firstBrush() {
  const kept = /** @type {Partial<Brush>} */ (preference("brush") ?? {});
  return { mode: "draw", concept: "tree", radius: 0.075, strength: 1, units: 0, ...kept, tool: "brush" };
}

/** The server's models; asked for again until it answers and has one. */
export async function waitForModels() {
  const banner = byId("offline", HTMLElement);
  for (;;) {
    try {
      const found = await models();
      banner.hidden = true;
      if (found.length) return found;
      notify(t("no.models"), { kind: "error" });
    } catch (error) {
      if (error instanceof Unreachable) banner.hidden = false;
      else notifyError(error);
    }
    await new Promise((resolve) => setTimeout(resolve, 1500));
  }
}

/**
 * What was painted last time, if its model is still there.
 *
 * @param {Model[]} available
 */
export function firstHistory(available) {
  const kept = loadHistory();
  const names = available.map((model) => model.name);
  if (kept && kept.states.every((picture) => names.includes(picture.model))) {
    return createHistory(kept.states, kept.position);
  }
  const usual = available.find((model) => model.default) ?? available[0];
  return createHistory([newPicture(usual.name, usual.scenes[0] ?? FIRST_SEED)]);
}
