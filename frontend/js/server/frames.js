/**
 * From documents to frames. Drafts go through the live socket while a stroke is dragged (through HTTP where sockets
 * are blocked), the finished picture through HTTP, lossless. Every request has a number; what arrives late is dropped.
 *
 * For measurements the window gets an event `unitbrush:sent` when a draft with everything up to now is asked for and
 * `unitbrush:frame` when it has been drawn into the canvas, both with `detail: {seq}`; `unitbrush bench --browser`
 * listens to them.
 */

/** @typedef {import("../lib/decoding.js").Unpacked} Unpacked */
/** @typedef {import("../picture/document.js").Picture} Picture */

import { unpacked } from "../lib/decoding.js";
import { liveUrl, render } from "./api.js";
import { createLive } from "./live.js";
import { Problem, Unreachable } from "./request.js";

// One at a time: with two the second would wait in the server and be stale when drawn (half as much latency again for a
// quarter more frames, measured on two cores). And one for each frame of the screen: it shows no more, and where the
// answer comes before the next, what the pointer does until then is worth waiting for.
const MAX_UNANSWERED = 1;
const MAX_TRIES = 4;

/**
 * A draft: the picture as it is now, and how many steps of a gesture it shows, which come back with its frame.
 *
 * @typedef {{picture: Picture, steps?: number}} Draft
 *
 * @typedef {object} FrameHandlers
 * @property {(image: Unpacked, info: {steps: number, final: boolean}) => void} onFrame
 * @property {(waiting: boolean) => void} onWaiting  whether a reply is due
 * @property {(error: Problem) => void} onProblem
 * @property {() => void} onUnreachable
 * @property {() => void} onReachable
 *
 * @typedef {object} Frames
 * @property {(make: () => Draft) => void} draft  show what this makes soon; it is asked only when the server has room,
 *   and a newer call takes its place
 * @property {(picture: Picture) => void} finish  show this in full quality; goes on trying until it is shown
 * @property {() => void} resume  the server is back: ask again for what is still due
 */

/**
 * @param {import("./images.js").Images} images
 * @param {FrameHandlers} handlers
 * @returns {Frames}
 */
export function createFrames(images, { onFrame, onWaiting, onProblem, onUnreachable, onReachable }) {
  let number = 0;
  let shown = 0;
  /** @type {{number: number, make: () => Draft} | null} */
  let nextDraft = null;
  /** @type {{number: number, picture: Picture} | null} */
  let due = null;
  /** @type {Map<number, number>} */
  const unanswered = new Map(); // a draft's number -> its steps
  let scheduled = false; // for the screen's next frame
  let asked = false; // since its last one
  let overHttp = false;
  /** @type {AbortController | null} */
  let finishing = null;

  const live = createLive(liveUrl(), {
    onFrame(seq, jpeg) {
      onReachable();
      void arrive(seq, jpeg);
    },
    onProblem(seq, problem) {
      answered(seq);
      // A draft that cannot be drawn is reported once, by the finished picture that follows it.
      if (nextDraft && problem.status === 503) schedule();
    },
    onState(open) {
      unanswered.clear();
      update();
      if (open) {
        onReachable();
        schedule();
      }
    },
  });

  /**
   * @param {number} seq
   * @param {Uint8Array<ArrayBuffer>} jpeg
   */
  async function arrive(seq, jpeg) {
    const steps = unanswered.get(seq) ?? 0;
    answered(seq);
    // Where it comes late, the server does not wait for the screen's next frame as well.
    if (asked) schedule();
    else pump();
    if (seq < shown) return;
    const image = await unpacked(jpeg).catch(() => null);
    if (image && seq > shown) {
      shown = seq;
      onFrame(image, { steps, final: false });
      dispatch("frame", seq);
    } else {
      image?.close();
    }
  }

  /** A reply answers every request before it too: the server draws only the newest. @param {number} seq */
  function answered(seq) {
    for (const key of unanswered.keys()) if (key <= seq) unanswered.delete(key);
    update();
  }

  function update() {
    onWaiting(unanswered.size > 0 || due !== null);
  }

  function schedule() {
    if (scheduled || !nextDraft) return;
    scheduled = true;
    requestAnimationFrame(() => {
      scheduled = asked = false;
      pump();
    });
  }

  function pump() {
    if (!nextDraft || nextDraft.number <= shown) return;
    if (live.open()) {
      if (unanswered.size >= MAX_UNANSWERED) return;
      const { picture, steps = 0 } = nextDraft.make();
      unanswered.set(nextDraft.number, steps);
      live.send(nextDraft.number, picture);
      dispatch("sent", nextDraft.number);
      nextDraft = null;
      asked = true;
    } else if (!overHttp) {
      void draftOverHttp({ number: nextDraft.number, ...nextDraft.make() });
      nextDraft = null;
    }
    update();
  }

  /** @param {Draft & {number: number}} request */
  async function draftOverHttp(request) {
    overHttp = true;
    unanswered.set(request.number, request.steps ?? 0);
    dispatch("sent", request.number);
    try {
      const image = await render(request.picture, "jpeg");
      onReachable();
      await arrive(request.number, new Uint8Array(await image.arrayBuffer()));
    } catch (error) {
      answered(request.number);
      if (error instanceof Unreachable) onUnreachable();
    } finally {
      overHttp = false;
      schedule();
    }
  }

  /** @param {number} tries */
  async function finish(tries) {
    const request = due;
    if (!request) return;
    finishing?.abort();
    const controller = (finishing = new AbortController());
    try {
      const { bitmap } = await images.load(request.picture, controller.signal);
      onReachable();
      if (due !== request) return;
      due = null;
      shown = request.number;
      onFrame(bitmap, { steps: Infinity, final: true });
    } catch (error) {
      if (due !== request || controller.signal.aborted) return;
      if (error instanceof Unreachable) {
        onUnreachable();
      } else if (error instanceof Problem && error.status === 503 && tries < MAX_TRIES) {
        setTimeout(() => due === request && void finish(tries + 1), 1000 * Math.max(0.3, error.retryAfter));
      } else {
        due = null;
        onProblem(error instanceof Problem ? error : new Problem(0, String(error), ""));
      }
    } finally {
      update();
    }
  }

  return {
    draft(make) {
      due = null;
      finishing?.abort();
      nextDraft = { number: (number += 1), make };
      schedule();
    },
    finish(picture) {
      nextDraft = null;
      due = { number: (number += 1), picture };
      const finished = images.cached(picture);
      if (finished) {
        shown = due.number;
        due = null;
        onFrame(finished.bitmap, { steps: Infinity, final: true });
        update();
        return;
      }
      update();
      void finish(0);
    },
    resume() {
      live.retry();
      if (due) void finish(0);
    },
  };
}

/**
 * @param {"sent" | "frame"} what
 * @param {number} seq
 */
function dispatch(what, seq) {
  window.dispatchEvent(new CustomEvent(`unitbrush:${what}`, { detail: { seq } }));
}
