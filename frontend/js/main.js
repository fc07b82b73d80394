/** Puts the studio together. Everything it needs to know about a subject stands in that subject's own file. */

/** @typedef {import("./picture/types.js").Picture} Picture */

import { announce } from "./ui/announce.js";
import { Problem, concepts, directions } from "./server/api.js";
import { beginning, boothSettings, firstBrush, firstPicture } from "./beginning.js";
import { dressBooth, runBooth } from "./booth/booth.js";
import { createBusy } from "./view/busy.js";
import { setUpCleaning } from "./panels/cleaning.js";
import { createCompare } from "./view/compare.js";
import { watchConnection } from "./server/connection.js";
import { setUpControls, stepSize } from "./panels/controls.js";
import { createDirections } from "./scenes/directions.js";
import { newPicture, published, withoutEdits } from "./picture/document.js";
import { byId } from "./ui/dom.js";
import { fileName, saveFile } from "./sharing/download.js";
import { createEdits } from "./panels/edits.js";
import { createFrames } from "./server/frames.js";
import { setUpHelp } from "./panels/help.js";
import { createHand } from "./painting/gestures.js";
import { conceptName, t } from "./ui/i18n.js";
import { placeIcons } from "./ui/icons.js";
import { createInspector } from "./panels/inspector.js";
import { listenToKeys, paintByKeys } from "./painting/keyboard.js";
import { createMixing } from "./scenes/mixing.js";
import { setUpModels } from "./panels/models.js";
import { notify, notifyError } from "./ui/notices.js";
import { acceptPictures, clearAddress } from "./sharing/open.js";
import { createPainter } from "./painting/painter.js";
import { createPalette } from "./panels/palette.js";
import { createPicker } from "./painting/picker.js";
import { listenToPointers } from "./painting/pointer.js";
import { createReceptivity } from "./panels/receptivity.js";
import { createRegions } from "./painting/regions.js";
import { createRing } from "./view/ring.js";
import { createSaver, forgetSaved } from "./server/saver.js";
import { createScenes } from "./scenes/strip.js";
import { saveHistory } from "./lib/storage.js";
import { createSegmentation } from "./painting/segmentation.js";
import { setUpShare } from "./sharing/share.js";
import { createStore } from "./lib/store.js";
import { createTint } from "./view/tint.js";
import { setUpToolbar } from "./panels/toolbar.js";
import { setUpTools } from "./panels/tools.js";
import { setUpUnits } from "./panels/units.js";
import { createView } from "./view/view.js";

async function start() {
  document.documentElement.dataset.started = "";
  placeIcons(document);
  const { available, history, given, damaged, images, canvas } = await beginning;
  if (damaged) notify(t("no.picture"), { kind: "error" });
  const booth = boothSettings();
  const stage = byId("stage", HTMLElement);
  const brush = createStore(firstBrush());
  const view = createView();
  const tint = createTint();
  const ring = createRing(view, () => brush.get().radius);
  const saver = createSaver();
  const connection = watchConnection(() => {
    frames.resume();
    saver.again();
    scenes.repair();
    void showModel();
    announce(t("online"));
  });
  const present = () => published(history.present());
  /** @param {string} name */
  const modelOf = (name) => available.find((model) => model.name === name) ?? available[0];

  const frames = createFrames(images, {
    onFrame(bitmap, { mark, final }) {
      canvas.show(bitmap, final);
      painter.framed(mark, final);
      if (!final) return;
      stage.dataset.shown = "final";
      refreshEdits();
      void findRegions(history.present()).then((changed) => changed && refreshEdits());
    },
    onWaiting: createBusy(),
    onProblem: (error) => {
      tint.setPending(undefined);
      notifyError(error, () => frames.finish(present()));
    },
    onUnreachable: connection.lost,
    onReachable: connection.found,
  });

  /** @type {typeof frames.draft} */
  function draft(make) {
    stage.dataset.shown = "draft";
    frames.draft(make);
  }

  const painter = createPainter({
    brush: brush.get,
    present: history.present,
    draft,
    tint: tint.setPending,
    abandon: () => showPresent(),
    refused: () => notify(t("full")),
    commit,
  });

  /** @type {import("./painting/painter.js").PainterParts["commit"]} */
  function commit(picture, { tool, op, concept }) {
    history.push(picture);
    announce(tool === "eraser" ? t("said.erased") : t(`said.${op}`, { concept: conceptName(concept) }));
  }

  const compare = createCompare(canvas, async () => {
    const before = await images.load(withoutEdits(present())).catch(() => null);
    return before?.bitmap ?? null;
  });
  const palette = createPalette(brush);
  const showUnits = setUpUnits(brush, palette.concept);
  const mixing = createMixing({
    present: history.present,
    commit: history.push,
    draft,
    abandon: () => showPresent(),
    model: modelOf,
  });
  const scenes = createScenes((seed) => {
    if (mixing.choosing()) mixing.mixWith(seed);
    else {
      mixing.close();
      history.push(newPicture(history.present().model, seed));
    }
    announce(t("scene", { seed }));
  });
  const markModel = setUpModels(available, (name) => history.push(firstPicture(modelOf(name))));

  const segmentation = createSegmentation();
  const findRegions = createRegions(segmentation);
  const refreshEdits = createEdits({ history, tint, draft, bitmap: canvas.bitmap });
  const showDirections = createDirections({ history, draft });
  const showCleaning = setUpCleaning(history);
  setUpShare(present, images);

  /** @param {Picture} picture */
  function bringIn(picture) {
    if (!available.some((model) => model.name === picture.model)) {
      notify(t("unknown.model", { model: picture.model }), { kind: "error" });
      return;
    }
    // What nobody has touched yet is nothing to come back to.
    const { states } = history.saved();
    if (states.length === 1 && !states[0].edits.length) history.restart(picture);
    else history.push(picture);
    announce(t("said.opened"));
  }
  acceptPictures(bringIn, () => notify(t("no.picture"), { kind: "error" }));

  const undo = () => void (history.undo() && announce(t("said.undo")));
  const redo = () => void (history.redo() && announce(t("said.redo")));
  const reset = () => {
    if (!history.present().edits.length) return;
    history.push(withoutEdits(history.present()));
    announce(t("said.reset"));
  };
  setUpToolbar({ history, view, undo, redo, reset });
  setUpControls(brush, () => ring.preview());
  setUpTools(brush, painter.everywhere);
  const help = setUpHelp();

  const picker = createPicker({
    brush: brush.get,
    present: history.present,
    commit,
    segmentation,
    paintable: (name) => palette.concept(name) !== undefined,
    tint,
    onError: notifyError,
  });
  const inspector = createInspector({
    present: history.present,
    commit: history.push,
    radius: () => brush.get().radius,
    model: () => modelOf(history.present().model),
    tint,
    onError: notifyError,
  });
  const receptive = createReceptivity({
    present,
    busy: painter.working,
    drawn() {
      const { mode, tool, concept } = brush.get();
      return mode === "draw" && tool !== "eraser" && tool !== "pick" && !inspector.active() ? concept : null;
    },
    tint,
  });
  const hand = createHand({ painter, picker, inspector, receptive, ring, tool: () => brush.get().tool });
  brush.subscribe(({ tool }) => tool === "pick" || picker.hover(null));
  listenToPointers(view, hand);
  paintByKeys(hand, ring, () => brush.get().radius);
  listenToKeys({
    draw: () => brush.set({ mode: "draw" }),
    remove: () => brush.set({ mode: "remove" }),
    undo,
    redo,
    size(step) {
      stepSize(brush, step);
      ring.preview();
    },
    brushAt: palette.chooseAt,
    compare: compare.hold,
    fit: view.fit,
    random: scenes.random,
    help,
    everywhere: painter.everywhere,
    inspect: inspector.toggle,
    leave() {
      inspector.close();
      mixing.close();
      if (brush.get().tool === "pick") brush.set({ tool: "brush" });
    },
    tool: (tool) => brush.set({ tool }),
    zoom(factor) {
      const box = stage.getBoundingClientRect();
      view.zoom(factor, box.left + box.width / 2, box.top + box.height / 2);
    },
  });

  byId("download", HTMLButtonElement).addEventListener("click", async () => {
    try {
      saveFile((await images.load(present())).blob, `${fileName(present())}.png`);
      announce(t("said.download"));
    } catch (error) {
      notifyError(error);
    }
  });

  /** @type {string | undefined} */
  let model;
  async function showModel() {
    const name = history.present().model;
    if (name === model) return;
    model = name;
    markModel(name);
    mixing.close();
    inspector.close();
    scenes.fill(modelOf(name));
    showCleaning(modelOf(name));
    const found = await Promise.all([concepts(name), directions(name)]).catch((error) => {
      model = undefined;
      if (error instanceof Problem && error.status < 500) notifyError(error, () => void showModel());
      else connection.lost();
    });
    if (!found || model !== name) return;
    palette.fill(found[0]);
    showDirections(found[1]);
    showUnits();
  }

  function showPresent() {
    const picture = present();
    stage.dataset.shown = "due";
    frames.finish(picture);
    compare.refresh();
    scenes.mark(picture.seed);
    void showModel();
  }

  history.subscribe(() => {
    showPresent();
    if (!booth) saver.save(present());
    if (!saveHistory(history.saved())) notify(t("unsaved"));
  });
  if (booth) {
    dressBooth();
    runBooth(booth, {
      painter,
      ring,
      choose: (values) => brush.set({ ...values, tool: "brush", strength: 1, units: 0 }),
      concepts: palette.names,
      restart(seed = history.present().seed) {
        forgetSaved();
        view.fit();
        const { model: name } = history.present();
        history.restart(seed === undefined ? firstPicture(modelOf(name)) : newPicture(name, seed));
      },
      keep: () => saver.keep(present()),
    });
    return;
  }

  clearAddress();
  const { states, position } = history.saved();
  saver.resume({ states: states.map(published), position });
  if (given) bringIn(given);
  else showPresent();
}

void start();
