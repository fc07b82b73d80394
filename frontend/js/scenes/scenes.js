/** Every way to another scene, put together: the strip, neighbours, mixes of two, variations and directions. */

/** @typedef {import("../picture/document.js").Picture} Picture */

import { newPicture } from "../picture/document.js";
import { announce } from "../ui/announce.js";
import { t } from "../ui/i18n.js";
import { notifyError } from "../ui/notices.js";
import { createDirections } from "./directions.js";
import { showFixedScenes } from "./fixed.js";
import { createMixing } from "./mixing.js";
import { createNeighbours } from "./neighbours.js";
import { createStrip } from "./strip.js";
import { createVariations } from "./variations.js";

/**
 * @typedef {object} ScenesParts
 * @property {import("../picture/history.js").History} history
 * @property {(picture: Picture, announcement: string) => void} commit
 * @property {import("../server/frames.js").Frames["draft"]} draft
 * @property {import("../lib/gesturing.js").Gesturing} gesturing
 * @property {() => void} restore  show the present picture again
 * @property {(model: string) => number} latentLength
 * @property {() => void} onUnreachable
 *
 * @param {ScenesParts} parts
 */
export function createScenes({ history, commit, draft, gesturing, restore, latentLength, onUnreachable }) {
  const { present, push } = history;
  const mixing = createMixing({ present, push, draft, gesturing, restore, latentLength, onError: notifyError });
  const neighbours = createNeighbours({ present, commit, latentLength, onToggle: mixing.close });
  const variations = createVariations({ present, commit, onProblem: notifyError, onUnreachable });
  const strip = createStrip((seed) => {
    if (mixing.choosing()) void mixing.mixWith(seed);
    else {
      close();
      push(newPicture(present().model, seed));
    }
    announce(t("scene", { seed }));
  });
  const showDirections = createDirections({ history, commit, draft, gesturing });
  showFixedScenes(history, close);

  function close() {
    mixing.close();
    neighbours.close();
    variations.close();
  }

  return { strip, variations, showDirections, close };
}
