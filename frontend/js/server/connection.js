/** Whether the server can be reached; while it cannot, a banner stands and the server is asked again and again. */

import { byId } from "../ui/dom.js";
import { alive } from "./api.js";

const EVERY = 1500;

/**
 * @typedef {object} Connection
 * @property {() => void} lost  the server did not answer
 * @property {() => void} restored  it did
 */

/**
 * @param {() => void} onBack  the server answers again
 * @returns {Connection}
 */
export function watchConnection(onBack) {
  const banner = byId("offline", HTMLElement);
  let offline = false;
  /** @type {number | undefined} */
  let timer;

  async function ask() {
    if (await alive()) restored();
    else timer = setTimeout(ask, EVERY);
  }

  function lost() {
    if (offline) return;
    offline = true;
    banner.hidden = false;
    timer = setTimeout(ask, EVERY);
  }

  function restored() {
    if (!offline) return;
    offline = false;
    banner.hidden = true;
    clearTimeout(timer);
    onBack();
  }

  window.addEventListener("offline", () => void alive().then((up) => up || lost()));
  window.addEventListener("online", () => offline && void ask());
  return { lost, restored };
}
