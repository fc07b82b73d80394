/** A picture from outside becomes the present one: a file, a link, one that the server kept. */

/** @typedef {import("../picture/document.js").Picture} Picture */

import { published } from "../picture/changes.js";
import { Problem } from "../server/request.js";
import { announce } from "../ui/announce.js";
import { t } from "../ui/i18n.js";
import { notify, notifyError } from "../ui/notices.js";

/**
 * @param {object} parts
 * @param {import("../server/api.js").Model[]} parts.available
 * @param {import("../picture/history.js").History} parts.history
 * @param {import("../lib/gesturing.js").Gesturing} parts.gesturing  what goes on ends before
 * @param {import("../server/images.js").Images} parts.images
 * @param {() => void} parts.onOpen  it is about to be the present one
 * @returns {(picture: Picture) => Promise<boolean>} whether it is the present one now
 */
export function createBringIn({ available, history, gesturing, images, onOpen }) {
  return async (picture) => {
    if (!available.some((model) => model.name === picture.model)) {
      notify(t("unknown.model", { model: picture.model }), { kind: "error" });
      return false;
    }
    try {
      // What the server refuses does not enter the history.
      await images.load(published(picture));
    } catch (error) {
      if (error instanceof Problem && error.status < 500) {
        notifyError(error);
        return false;
      }
    }
    gesturing.end();
    onOpen();
    // What nobody has touched yet is nothing to come back to.
    const { states } = history.timeline();
    if (states.length === 1 && !states[0].edits.length) history.restart(picture);
    else history.push(picture);
    announce(t("said.opened"));
    return true;
  };
}
