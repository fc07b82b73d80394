/** What a picture takes: whoever adds an edit asks first, and the page says why not. */

/** @typedef {import("../picture/document.js").Picture} Picture */

import { MAX_EDITS } from "../picture/document.js";
import { conceptName, t } from "../ui/i18n.js";
import { notify } from "../ui/notices.js";

/**
 * @typedef {object} Limits
 * @property {() => boolean} room  for another edit; says so where there is none
 * @property {(concept: string) => boolean} paints  whether there is a brush for it; says so where there is none
 *
 * @param {() => Picture} present
 * @param {(name: string) => boolean} paintable
 * @returns {Limits}
 */
export function createLimits(present, paintable) {
  /** @param {string} text */
  function refused(text) {
    notify(text);
    return false;
  }
  return {
    room: () => present().edits.length < MAX_EDITS || refused(t("full")),
    paints: (name) => paintable(name) || refused(t("pick.unpaintable", { concept: conceptName(name) })),
  };
}
