/**
 * Booth mode: big targets and no text fields, a picture that paints itself while nobody is there, and a fresh start
 * once a visitor has left. Everything goes on by itself after the server was away.
 */

import { createLatest } from "../lib/latest.js";
import { announce } from "../ui/announce.js";
import { byId } from "../ui/dom.js";
import { t } from "../ui/i18n.js";
import { keepAwake } from "./awake.js";
import { playShow } from "./show.js";
import { setUpTakeHome } from "./take-home.js";

const WARNING = 10; // seconds

/** Prepares the page itself: what a booth does not need goes, what it needs comes. */
export function dressBooth() {
  document.body.classList.add("booth");
  byId("qr-open", HTMLButtonElement).hidden = false;
}

/**
 * @param {import("./settings.js").BoothSettings} settings
 * @param {import("./show.js").ShowParts & {store: () => Promise<string>, cancel: () => boolean}} parts  store: stores
 *   the present picture on the server and gives its id; cancel: an unfinished gesture
 */
export function runBooth({ idle }, { store, cancel, ...parts }) {
  const { ring, restart } = parts;
  const warning = byId("booth-warning", HTMLElement);
  const count = byId("booth-count", HTMLElement);
  const invitation = byId("booth-invitation", HTMLElement);
  const latestShow = createLatest();
  let visitor = false;
  let left = idle;
  /** @type {Set<number>} */
  const pressed = new Set(); // pointers: a finger that is held still is a visitor too

  /** @param {Event} event */
  function touched(event) {
    left = idle;
    warning.hidden = true;
    if (visitor) return;
    visitor = true;
    latestShow();
    cancel();
    ring.hide();
    invitation.hidden = true;
    restart();
    enterFullScreen();
    // The touch that ends the show is not yet a stroke.
    event.stopPropagation();
  }
  for (const name of ["pointerdown", "keydown"]) window.addEventListener(name, touched, { capture: true });
  window.addEventListener("pointermove", () => visitor && (left = idle), { capture: true });

  /** @param {PointerEvent} event */
  function press({ type, pointerId, buttons }) {
    if (type === "pointerup" || type === "pointercancel" || buttons === 0) pressed.delete(pointerId);
    else pressed.add(pointerId);
  }
  for (const name of /** @type {const} */ (["pointerdown", "pointermove", "pointerup", "pointercancel"])) {
    window.addEventListener(name, press, { capture: true });
  }

  setInterval(() => {
    if (!visitor) return;
    left = pressed.size ? idle : left - 1;
    warning.hidden = left > WARNING;
    count.textContent = String(Math.max(0, left));
    if (left === WARNING) announce(t("booth.warning"));
    if (left <= 0) attract();
  }, 1000);

  function attract() {
    visitor = false;
    left = idle;
    warning.hidden = true;
    for (const dialog of document.querySelectorAll("dialog")) dialog.close();
    invitation.hidden = false;
    cancel();
    void playShow(parts, latestShow());
  }

  setUpTakeHome(store);
  keepAwake();
  attract();
}

function enterFullScreen() {
  if (document.fullscreenElement || !document.documentElement.requestFullscreen) return;
  // Refused where the browser was started as a kiosk, or by its owner: the booth works in a window too.
  document.documentElement.requestFullscreen().catch(() => {});
}
