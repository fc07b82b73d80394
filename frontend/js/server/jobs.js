/**
 * Long work of the server: followed as it goes on, found again after the page was loaded anew.
 *
 * @typedef {object} Job
 * @property {string} id
 * @property {"waiting" | "running" | "done" | "failed" | "cancelled"} state
 * @property {number} done  steps
 * @property {number} total
 * @property {number | null} seconds_left
 * @property {string | null} preview  address of an image of what it has so far
 * @property {string | null} result  address of what came of it
 * @property {{detail: string} | null} problem
 */

import { readStored, writeStored } from "../lib/storage.js";
import { BASE, Problem, call, json } from "./request.js";

const KEYS = { style: "unitbrush.job", own: "unitbrush.job.own" };
const RETRY = 3000; // ms

/** Whether nothing will change any more. @param {Job} job */
export function isOver({ state }) {
  return state !== "waiting" && state !== "running";
}

/** @typedef {keyof typeof KEYS} Kind */

/**
 * The job of that kind that this browser began last, wherever that is now.
 *
 * @param {Kind} kind
 * @returns {string} empty where there is none
 */
export function rememberedJob(kind) {
  return readStored(KEYS[kind]) ?? "";
}

/** @param {Kind} kind @param {string} id  empty to forget it */
export function rememberJob(kind, id) {
  writeStored(KEYS[kind], id);
}

/**
 * @param {string} id
 * @param {(job: Job) => void} onChange  the last time when it is over
 * @param {() => void} onGone  the server does not know it any more
 * @returns {() => void} ends the following
 */
export function followJob(id, onChange, onGone) {
  const path = `jobs/${encodeURIComponent(id)}`;
  let stopped = false;
  /** @type {EventSource} */
  let source;

  function open() {
    if (stopped) return;
    source = new EventSource(`${BASE}${path}/events`);
    source.addEventListener("message", ({ data }) => {
      /** @type {Job} */
      const job = JSON.parse(data);
      if (isOver(job)) source.close();
      onChange(job);
    });
    source.addEventListener("error", async () => {
      // It connects again by itself where a stream broke off. A page that goes away hears of an error as well.
      if (source.readyState !== EventSource.CLOSED) return;
      const error = await json(path).then(() => null, (problem) => problem);
      if (stopped) return;
      if (error instanceof Problem && error.status === 404) onGone();
      else setTimeout(open, RETRY);
    });
  }
  open();
  return () => {
    stopped = true;
    source.close();
  };
}

/** What came of it. @param {string} id @returns {Promise<Blob>} */
export async function jobResult(id) {
  return call(`jobs/${encodeURIComponent(id)}/result`, (answer) => answer.blob());
}

/** End it and have the server forget it. @param {string} id */
export async function cancelJob(id) {
  return call(`jobs/${encodeURIComponent(id)}`, (answer) => answer.text(), { method: "DELETE" });
}
