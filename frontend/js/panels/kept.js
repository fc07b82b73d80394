/**
 * The sheet of the pictures that the server keeps for this browser: to open, name and delete. The server lists them to
 * nobody, as it is their ids that give access: this browser remembers the ids of those painted here.
 */

/** @typedef {import("../picture/document.js").Picture} Picture */
/** @typedef {import("../server/api.js").Kept} Kept */

import { readPicture } from "../picture/reading.js";
import { createPicture, deletePicture, keptImageUrl, keptPicture, renamePicture } from "../server/api.js";
import { Problem } from "../server/request.js";
import { noteRevision } from "../server/saver.js";
import { byId, make } from "../ui/dom.js";
import { currentLanguage, t } from "../ui/i18n.js";
import { icon } from "../ui/icons.js";
import { preference, setPreference } from "../ui/preferences.js";
import { closeSheet } from "../ui/sheet.js";

const MAX_KEPT = 500;
const PAGE = 24;
const THUMBNAIL = 128; // pixels
const MAX_NAME = 120; // characters, the server's

/** Put a picture's id in front of the others. @param {string} id */
export function rememberKept(id) {
  const ids = keptIds();
  if (ids[0] !== id) setPreference("kept", [id, ...ids.filter((other) => other !== id)].slice(0, MAX_KEPT));
}

/** @param {string} id */
function forgetKept(id) {
  setPreference(
    "kept",
    keptIds().filter((other) => other !== id),
  );
}

/** @returns {string[]} of the pictures painted here, the one changed last first */
function keptIds() {
  const ids = preference("kept");
  return Array.isArray(ids) ? ids : [];
}

/**
 * @param {(picture: Picture, id: string, revision: number) => Promise<boolean>} onOpen  gives whether it could be
 */
export function setUpKept(onOpen) {
  const dialog = byId("kept", HTMLDialogElement);
  const list = byId("kept-list", HTMLElement);
  const note = byId("kept-note", HTMLElement);
  const more = byId("kept-more", HTMLButtonElement);
  /** @type {string[]} */
  let waiting = [];

  byId("kept-open", HTMLButtonElement).addEventListener("click", () => {
    list.replaceChildren();
    waiting = keptIds();
    note.textContent = "";
    dialog.showModal();
    void addPage();
  });
  more.addEventListener("click", () => void addPage());
  closeSheet(dialog, byId("kept-close", HTMLButtonElement));

  async function addPage() {
    const ids = waiting.slice(0, PAGE);
    waiting = waiting.slice(PAGE);
    more.hidden = !waiting.length;
    const found = await attempt(() => Promise.all(ids.map(load)));
    if (!found) return;
    list.append(...found.flatMap((kept) => (kept ? [row(kept)] : [])));
    if (!list.children.length && !waiting.length) note.textContent = t("kept.none");
  }

  /** Null where it is gone. @param {string} id */
  async function load(id) {
    try {
      return await keptPicture(id);
    } catch (error) {
      if (!(error instanceof Problem && error.status === 404)) throw error;
      forgetKept(id);
      return null;
    }
  }

  /**
   * What fails is told in the sheet, which lies over the page's notices.
   *
   * @template T
   * @param {() => Promise<T>} task
   * @returns {Promise<T | undefined>}
   */
  async function attempt(task) {
    try {
      note.textContent = "";
      return await task();
    } catch (error) {
      note.textContent = error instanceof Problem ? t("error", { detail: error.message }) : t("offline");
    }
  }

  /** @param {Kept} kept */
  function row(kept) {
    const picture = readPicture(kept.picture);
    const scene = picture.seed === undefined ? picture.model : t("scene", { seed: picture.seed });
    const image = make("img", { src: keptImageUrl(kept, THUMBNAIL), alt: "", loading: "lazy" });
    const open = make("button", { type: "button", class: "kept-image" }, image);
    const name = make("input", {
      class: "kept-name",
      value: kept.name,
      placeholder: scene,
      maxlength: MAX_NAME,
      autocomplete: "off",
      "aria-label": t("kept.name"),
    });
    const time = make("time", { datetime: kept.changed }, when(kept.changed));
    const remove = make("button", { type: "button", class: "icon small" });
    const item = make("li", {}, open, make("div", {}, name, time), remove);
    showNames();

    function showNames() {
      const deleted = item.classList.contains("deleted");
      const values = { name: name.value || scene };
      open.setAttribute("aria-label", t("kept.open", values));
      open.title = t("kept.open", values);
      remove.setAttribute("aria-label", t(deleted ? "kept.restore" : "edit.delete", values));
      remove.title = t(deleted ? "kept.restore" : "edit.delete", values);
      remove.replaceChildren(icon(deleted ? "undo" : "bin"));
      open.disabled = name.disabled = deleted;
    }

    open.addEventListener("click", async () => {
      const now = await attempt(() => keptPicture(kept.id));
      if (!now) return;
      dialog.close();
      await onOpen(readPicture(now.picture), now.id, now.revision);
    });
    name.addEventListener("keydown", (event) => event.key === "Enter" && !event.isComposing && name.blur());
    name.addEventListener("change", async () => {
      const named = await attempt(() => renamePicture(kept.id, name.value));
      if (named) {
        noteRevision(named.id, named.revision);
        kept = named;
      }
      name.value = kept.name;
      showNames();
    });
    remove.addEventListener("click", async () => {
      remove.disabled = true;
      await attempt(() => (item.classList.contains("deleted") ? restore() : forget()));
      remove.disabled = false;
      showNames();
    });

    async function forget() {
      kept = { ...(await keptPicture(kept.id)), name: kept.name };
      await deletePicture(kept.id);
      forgetKept(kept.id);
      item.classList.add("deleted");
    }

    async function restore() {
      const { id, revision } = await createPicture(readPicture(kept.picture));
      rememberKept(id);
      kept = kept.name ? await renamePicture(id, kept.name) : { ...kept, id, revision };
      item.classList.remove("deleted");
    }
    return item;
  }
}

/** @param {string} time */
function when(time) {
  return new Intl.DateTimeFormat(currentLanguage(), { dateStyle: "medium", timeStyle: "short" }).format(new Date(time));
}
