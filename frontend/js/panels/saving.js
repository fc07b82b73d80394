/** What the page says and remembers of saving. */

import { createSaver } from "../server/saver.js";
import { t } from "../ui/i18n.js";
import { notify } from "../ui/notices.js";
import { rememberKept } from "./kept.js";

/**
 * A saver that says once when nothing is kept any more.
 *
 * @param {object} parts
 * @param {boolean} parts.remember  whether it lists what it has saved
 * @param {() => boolean} parts.busy  whether something is being painted
 */
export function setUpSaving({ remember, busy }) {
  let refused = false;
  return createSaver({
    busy,
    onSaved(id) {
      refused = false;
      if (remember) rememberKept(id);
    },
    // The disk is full, or the file is gone; a 503 that asks to come again is a server that is busy.
    onRefused({ status, retryAfter, message }) {
      if (refused || !(status === 507 || (status === 503 && !retryAfter))) return;
      refused = true;
      notify(t("not.kept", { detail: message }), { kind: "error" });
    },
  });
}
