/** Short messages at the edge of the page, with a way to try again. */

import { byId, make } from "./dom.js";
import { t } from "./i18n.js";
import { icon } from "./icons.js";

const STAYS = 7000;

/**
 * @param {string} text
 * @param {{kind?: "error" | "info", retry?: () => void}} [options]
 */
export function notify(text, { kind = "info", retry } = {}) {
  const list = byId("notices", HTMLElement);
  for (const old of list.children) if (old.querySelector("p")?.textContent === text) old.remove();
  const close = make("button", { type: "button", class: "icon", "aria-label": t("close") });
  close.append(icon("close"));
  const notice = make("div", { class: `notice ${kind}`, role: kind === "error" ? "alert" : "status" }, make("p", {}, text));
  const remove = () => notice.remove();
  if (retry) {
    const again = make("button", { type: "button", class: "plain" }, t("retry"));
    again.addEventListener("click", () => {
      remove();
      retry();
    });
    notice.append(again);
  }
  close.addEventListener("click", remove);
  notice.append(close);
  list.append(notice);
  while (list.children.length > 3) list.firstElementChild?.remove();
  if (!retry) setTimeout(remove, STAYS);
}

/** @param {unknown} error */
export function notifyError(error, retry = /** @type {(() => void) | undefined} */ (undefined)) {
  notify(t("error", { detail: error instanceof Error ? error.message : String(error) }), { kind: "error", retry });
}
