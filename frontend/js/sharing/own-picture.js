/** A picture of one's own, brought in: a job that outlives the page, and what came of it as the present picture. */

/** @typedef {import("../picture/document.js").Picture} Picture */
/** @typedef {import("../server/jobs.js").Job} Job */

import { shrunk } from "../lib/shrunk.js";
import { createJobBar } from "../panels/job-bar.js";
import { rememberOwn } from "../picture/own-pictures.js";
import { readPicture } from "../picture/reading.js";
import { invert } from "../server/api.js";
import { cancelJob, followJob, isOver, jobResult, rememberJob, rememberedJob } from "../server/jobs.js";
import { announce } from "../ui/announce.js";
import { byId } from "../ui/dom.js";
import { t } from "../ui/i18n.js";
import { notify, notifyError } from "../ui/notices.js";

const SIDE = 1024; // pixels of what is sent, at most

/**
 * @param {object} parts
 * @param {import("../picture/history.js").History} parts.history
 * @param {(picture: Picture) => Promise<boolean>} parts.bringIn
 * @returns {(image: Blob) => Promise<void>} begins it; throws where the browser cannot read the image
 */
export function createOwnPicture({ history, bringIn }) {
  const bar = createJobBar(
    byId("own-job", HTMLElement),
    { cancel: () => void cancel(), open: () => void show() },
    { name: "own.job", done: "own.there" },
  );
  /** @type {Job | null} */
  let job = null;
  let stopFollowing = () => {};
  let before = history.present(); // what was there when it began, or when the page was loaded

  /** @param {string} id */
  function follow(id) {
    rememberJob("own", id);
    before = history.present();
    stopFollowing = followJob(id, took, () => {
      forget();
      notify(t("own.gone"));
    });
  }

  /** @param {Job} next */
  function took(next) {
    job = next;
    bar(job);
    if (next.problem) notifyError(new Error(next.problem.detail));
    if (next.state === "done") {
      announce(t("own.there"));
      if (history.present() === before) void show(); // else something was done meanwhile, and nothing takes its place
    } else if (isOver(next)) forget();
  }

  function forget() {
    stopFollowing();
    rememberJob("own", "");
    job = null;
    bar(null);
  }

  async function cancel() {
    const id = job?.id;
    forget();
    if (id) await cancelJob(id).catch(() => {});
  }

  async function show() {
    if (job?.state !== "done") return;
    const { id } = job;
    forget();
    try {
      /** @type {import("../server/api.js").Inverted} */
      const result = JSON.parse(await (await jobResult(id)).text());
      const picture = readPicture(result.picture);
      rememberOwn(picture, result);
      await bringIn(picture);
    } catch (error) {
      notifyError(error);
    }
  }

  if (rememberedJob("own")) follow(rememberedJob("own"));

  return async (image) => {
    const url = await shrunk(image, SIDE);
    await cancel();
    try {
      follow((await invert(url, history.present().model)).id);
    } catch (error) {
      notifyError(error);
    }
  };
}
