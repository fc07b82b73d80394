/** Puts the studio together. Everything it needs to know about a subject stands in that subject's own file. */

/** @typedef {import("./types.js").Picture} Picture */

import { announce } from "./announce.js";
import { Problem, concepts, directions } from "./api.js";
import { beginning, boothSettings, firstBrush, firstPicture } from "./beginning.js";
import { dressBooth, runBooth } from "./booth.js";
import { createBusy } from "./busy.js";
import { setUpCleaning } from "./cleaning.js";
import { createCompare } from "./compare.js";
import { watchConnection } from "./connection.js";
import { setUpControls, stepSize } from "./controls.js";
import { createDirections } from "./directions.js";
import { newPicture, published, withoutEdits } from "./document.js";
import { byId } from "./dom.js";
import { fileName, saveFile } from "./download.js";
import { createEdits } from "./edits.js";
import { createFrames } from "./frames.js";
import { setUpHelp } from "./help.js";
import { createHand } from "./hand.js";
import { conceptName, t } from "./i18n.js";
import { placeIcons } from "./icons.js";
import { createInspector } from "./inspector.js";
import { listenToKeys, paintByKeys } from "./keyboard.js";
import { createMixing } from "./mixing.js";
import { setUpModels } from "./models.js";
import { notify, notifyError } from "./notices.js";
import { acceptPictures, clearAddress } from "./open.js";
import { createPainter } from "./painter.js";
import { createPalette } from "./palette.js";
import { createPicker } from "./picker.js";
import { listenToPointers } from "./pointer.js";
import { createReceptivity } from "./receptivity.js";
import { createRegions } from "./regions.js";
import { createRing } from "./ring.js";
import { createSaver, forgetSaved } from "./saver.js";
import { createScenes } from "./scenes.js";
import { saveHistory } from "./storage.js";
import { createSegmentation } from "./segmentation.js";
import { setUpShare } from "./share.js";
import { createStore } from "./store.js";
import { createTint } from "./tint.js";
import { setUpToolbar } from "./toolbar.js";
import { setUpTools } from "./tools.js";
import { setUpUnits } from "./units.js";
import { createView } from "./view.js";

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

  /** @type {import("./painter.js").PainterParts["commit"]} */
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
