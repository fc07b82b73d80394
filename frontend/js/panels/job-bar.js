/** How far long work is: a bar with the time left, a button that ends it, and one that shows what came of it. */

import { make } from "../ui/dom.js";
import { onLanguage, t } from "../ui/i18n.js";
import { icon } from "../ui/icons.js";

/** @typedef {import("../server/jobs.js").Job} Job */

/**
 * @param {HTMLElement} place
 * @param {{cancel: () => void, open?: () => void}} on  open: what shows the result; nothing does without it
 * @param {{name: string, done: string}} [texts]  what it is called, and what is said when it is done
 * @returns {(job: Job | null) => void} null where there is none
 */
export function createJobBar(place, { cancel, open }, texts = { name: "style.slowly", done: "job.done" }) {
  const words = make("span", { class: "job-words" });
  const bar = make("progress", { class: "job-progress" });
  const show = make("button", { type: "button", class: "plain" });
  const end = make("button", { type: "button", class: "icon small" }, icon("close"));
  place.append(make("div", { class: "job-state" }, words, bar), show, end);
  show.addEventListener("click", () => open?.());
  end.addEventListener("click", cancel);
  /** @type {Job | null} */
  let job = null;

  function refresh() {
    const done = job?.state === "done";
    place.hidden = job === null || (done && !open);
    if (!job) return;
    words.textContent = done ? t(texts.done) : sayingOf(job);
    bar.setAttribute("aria-label", t(texts.name));
    bar.hidden = done;
    if (job.total) [bar.max, bar.value] = [job.total, job.done];
    else bar.removeAttribute("value");
    show.textContent = t("job.show");
    show.hidden = !open || !(done || job.preview);
    for (const name of ["aria-label", "title"]) end.setAttribute(name, t(done ? "close" : "job.cancel"));
  }
  onLanguage(refresh);
  refresh();

  return (next) => {
    job = next;
    refresh();
  };
}

/** @param {Job} job */
function sayingOf({ state, seconds_left: seconds }) {
  if (state === "waiting") return t("job.waits");
  if (seconds === null) return t("job.begins");
  return seconds < 90 ? t("job.seconds", { count: Math.ceil(seconds) }) : t("job.minutes", { count: Math.round(seconds / 60) });
}
