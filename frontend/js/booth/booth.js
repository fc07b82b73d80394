/**
 * Booth mode, `?booth=1&idle=90`: big targets and no text fields, a picture that paints itself while nobody is there,
 * and a fresh start once a visitor has left. Everything goes on by itself after the server was away.
 */

import { announce } from "../ui/announce.js";
import { byId } from "../ui/dom.js";
import { t } from "../ui/i18n.js";
import { notifyError } from "../ui/notices.js";
import { qrCode } from "./qr.js";

const WARNING = 10; // seconds
const STROKE_POINTS = 26;
const STROKES = 6;

/**
 * @typedef {object} BoothParts
 * @property {import("../painting/painter.js").Painter} painter
 * @property {import("../view/ring.js").Ring} ring
 * @property {(values: {concept: string, mode: import("../picture/types.js").Op}) => void} choose
 * @property {() => string[]} concepts
 * @property {(seed?: number) => void} restart  a fresh scene without any history
 * @property {() => Promise<string>} keep  the id under which the server keeps the present picture
 */

/**
 * @param {{idle: number}} settings
 * @param {BoothParts} parts
 */
export function runBooth({ idle }, { painter, ring, choose, concepts, restart, keep }) {
  const warning = byId("booth-warning", HTMLElement);
  const count = byId("booth-count", HTMLElement);
  const invitation = byId("booth-invitation", HTMLElement);
  let visitor = false;
  let left = idle;
  /** Grows whenever the loop that paints has to end. */
  let loop = 0;

  /** @param {Event} event */
  function touched(event) {
    left = idle;
    warning.hidden = true;
    if (visitor) return;
    visitor = true;
    loop += 1;
    painter.cancel();
    ring.hide();
    invitation.hidden = true;
    restart();
    enterFullScreen();
    // The touch that ends the show is not yet a stroke.
    event.stopPropagation();
  }
  for (const name of ["pointerdown", "keydown"]) window.addEventListener(name, touched, { capture: true });
  window.addEventListener("pointermove", () => visitor && (left = idle), { capture: true });

  setInterval(() => {
    if (!visitor) return;
    left -= 1;
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
    painter.cancel();
    loop += 1;
    void show(loop);
  }

  /** @param {number} mine */
  async function show(mine) {
    while (loop === mine) {
      restart(Math.floor(Math.random() * 1e6));
      await pause(2500);
      for (let i = 0; i < STROKES && loop === mine; i += 1) {
        await stroke(mine);
        await pause(1400);
      }
      await pause(2500);
    }
  }

  /** @param {number} mine */
  async function stroke(mine) {
    const names = concepts();
    const concept = names[Math.floor(Math.random() * Math.min(8, names.length))];
    if (!concept) return;
    choose({ concept, mode: "draw" });
    const high = concept === "sky" || concept === "cloud";
    const x0 = 0.15 + 0.5 * Math.random();
    const y0 = high ? 0.1 + 0.2 * Math.random() : 0.5 + 0.3 * Math.random();
    const reach = 0.12 + 0.18 * Math.random();
    for (let i = 0; i <= STROKE_POINTS; i += 1) {
      if (loop !== mine) return;
      const s = i / STROKE_POINTS;
      const sample = { x: x0 + reach * s, y: y0 + 0.05 * Math.sin(5 * s), pointerType: "booth", pressure: 0 };
      ring.moveTo(sample.x, sample.y);
      if (i === 0) painter.start(sample);
      else painter.move([sample]);
      await pause(45);
    }
    if (loop === mine) painter.end();
  }

  const sheet = byId("qr", HTMLDialogElement);
  byId("qr-open", HTMLButtonElement).addEventListener("click", async () => {
    try {
      const url = new URL(location.href);
      url.search = `?picture=${await keep()}`;
      url.hash = "";
      byId("qr-code", HTMLElement).replaceChildren(await qrCode(url.href));
      byId("qr-code", HTMLElement).dataset.address = url.href;
      sheet.showModal();
    } catch (error) {
      notifyError(error);
    }
  });
  byId("qr-close", HTMLButtonElement).addEventListener("click", () => sheet.close());

  attract();
}

/** Prepares the page itself: what a booth does not need goes, what it needs comes. */
export function dressBooth() {
  document.body.classList.add("booth");
  byId("qr-open", HTMLButtonElement).hidden = false;
}

function enterFullScreen() {
  if (document.fullscreenElement || !document.documentElement.requestFullscreen) return;
  // Refused where the browser was started as a kiosk, or by its owner: the booth works in a window too.
  document.documentElement.requestFullscreen().catch(() => {});
}

/** @param {number} time  ms */
function pause(time) {
  return new Promise((resolve) => setTimeout(resolve, time));
}
