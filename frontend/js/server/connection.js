/** Whether the server can be reached; while it cannot, a banner stands and the server is asked again and again. */

import { alive } from "./api.js";
import { byId } from "../ui/dom.js";

const EVERY = 1500;

/**
 * @typedef {object} Connection
 * @property {() => void} lost
 * @property {() => void} found
 * @property {() => boolean} offline
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
    if (await alive()) found();
    else timer = setTimeout(ask, EVERY);
  }

  function lost() {
    if (offline) return;
    offline = true;
    banner.hidden = false;
    timer = setTimeout(ask, EVERY);
  }

  function found() {
    if (!offline) return;
    offline = false;
    banner.hidden = true;
    clearTimeout(timer);
    onBack();
  }

  window.addEventListener("offline", () => void alive().then((up) => up || lost()));
  window.addEventListener("online", () => offline && void ask());
  return { lost, found, offline: () => offline };
}
