/** The tab's history, stored whenever it changes, and read again where a later page of the tab went on with it. */

import { onOtherName, tabName } from "../lib/tab.js";
import { loadHistory, saveHistory } from "./stored-history.js";

/**
 * @param {import("./history.js").History} history
 * @param {() => void} onFailure  not even the present picture could be stored
 * @returns {() => void} stores it now
 */
export function rememberHistory(history, onFailure) {
  function remember() {
    if (!saveHistory(tabName(), history.timeline())) onFailure();
  }
  onOtherName(remember);
  // Back from a later page of this tab, what was painted there is its history too.
  window.addEventListener("pageshow", ({ persisted }) => {
    const stored = persisted && loadHistory(tabName());
    if (stored && JSON.stringify(stored) !== JSON.stringify(history.timeline())) location.reload();
  });
  return remember;
}
