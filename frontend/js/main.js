/**
 * The studio, put together: from top to bottom it is the page's story. What a part does stands in the part's own file.
 * The folders, each of which uses only those further down:
 *
 *   beginning.js  the first picture, on the screen before the rest has come
 *   booth/        the studio as an exhibit: paints by itself, starts afresh for every visitor
 *   sharing/      taking a picture away as a file, link, film or code, or in a style, and bringing one in
 *   scenes/       choosing a scene, its neighbours, mixes of two, variations, moving it along directions
 *   panels/       what stands around the picture: brushes, sliders, tools, edits, units, keys
 *   painting/     from a gesture to an edit: pointer and keys, brush, strokes, eraser, picking whole things
 *   view/         what lies on the stage: the picture, the tint over it, the ring, before and after
 *   server/       the server's calls, drafts and finished frames, the picture stored there
 *   picture/      the document: its shape, its changes, reading it, its history
 *   ui/           what the page is made with: elements, icons, language, notices, preferences
 *   lib/          small things that know nothing of pictures or pages
 */

/** @typedef {import("./picture/document.js").Picture} Picture */

import { beginning, firstPicture } from "./beginning.js";
import { dressBooth, runBooth } from "./booth/booth.js";
import { boothSettings } from "./booth/settings.js";
import { createGesturing } from "./lib/gesturing.js";
import { createBrush } from "./painting/brush.js";
import { createGestures } from "./painting/gestures.js";
import { paintByKeys } from "./painting/keys.js";
import { createPainter } from "./painting/painter.js";
import { createPicker } from "./painting/picker.js";
import { createLimits } from "./painting/limits.js";
import { listenToPointers } from "./painting/pointer.js";
import { createRegions } from "./painting/regions.js";
import { createSegmenter } from "./painting/segmentation.js";
import { createThings } from "./painting/things.js";
import { setUpAbout } from "./panels/about.js";
import { setUpCleaning } from "./panels/cleaning.js";
import { endBeforeCommands } from "./panels/commands.js";
import { setUpComparison } from "./panels/comparison.js";
import { setUpControls, stepSize } from "./panels/controls.js";
import { createEdits } from "./panels/edits.js";
import { setUpExact } from "./panels/exact.js";
import { setUpHelp } from "./panels/help.js";
import { createInspector } from "./panels/inspector.js";
import { setUpKept } from "./panels/kept.js";
import { setUpModels } from "./panels/models.js";
import { setUpOwn } from "./panels/own.js";
import { createPalette } from "./panels/palette.js";
import { createReceptivity } from "./panels/receptivity.js";
import { setUpSaving } from "./panels/saving.js";
import { listenToKeys } from "./panels/shortcuts.js";
import { setUpToolbar } from "./panels/toolbar.js";
import { setUpTools } from "./panels/tools.js";
import { setUpUnits } from "./panels/units.js";
import { published } from "./picture/changes.js";
import { newPicture } from "./picture/document.js";
import { rememberHistory } from "./picture/stored-history.js";
import { createWithdrawal } from "./picture/withdrawal.js";
import { createScenes } from "./scenes/scenes.js";
import { watchConnection } from "./server/connection.js";
import { createFrames } from "./server/frames.js";
import { createModelLoader } from "./server/model-loader.js";
import { forgetSaved } from "./server/saver.js";
import { clearAddress } from "./sharing/address.js";
import { setUpSharing } from "./sharing/sharing.js";
import { announce } from "./ui/announce.js";
import { byId } from "./ui/dom.js";
import { giveKeysBack } from "./ui/focus.js";
import { t } from "./ui/i18n.js";
import { placeIcons } from "./ui/icons.js";
import { notify, notifyError } from "./ui/notices.js";
import { createReadiness } from "./ui/ready.js";
import { createBusy } from "./view/busy.js";
import { createCompare } from "./view/compare.js";
import { createKeeping } from "./view/keeping.js";
import { tellFalsified } from "./view/reading.js";
import { createRing } from "./view/ring.js";
import { createTint } from "./view/tint.js";
import { createView } from "./view/view.js";

// Statuses by which the server refuses the document itself.
const REFUSALS = [400, 413, 422];

async function start() {
  document.documentElement.dataset.started = "";
  const ready = createReadiness();
  ready.wait("picture");
  placeIcons(document);

  // The models and the picture: the one of last time, or a first one.
  const { available, history, given, refused, images, canvas } = await beginning;
  const booth = boothSettings();
  /** @param {string} name */
  const modelOf = (name) => available.find((model) => model.name === name) ?? available[0];
  /** The present picture as everybody else sees it. */
  const visible = () => published(history.present());

  /** @param {Picture} picture @param {string} announcement */
  function commit(picture, announcement) {
    history.push(picture);
    announce(announcement);
  }

  // What is being done with the picture; whoever changes it otherwise waits for the end, or brings it about.
  const gesturing = createGesturing();
  endBeforeCommands(gesturing);

  let loaded = ""; // the model whose concepts the palette has
  /** @param {string} name */
  const conceptOf = (name) => (loaded === history.present().model ? palette.concept(name) : undefined);
  /** @type {import("./painting/brush.js").LayerOf} */
  const layerOf = ({ concept, exact }) =>
    (exact && conceptOf(concept)?.exact && modelOf(history.present().model).exact_layer) || undefined;
  const limits = createLimits(history.present, (name) => conceptOf(name) !== undefined);

  // The stage, and the frames that the server draws for it.
  const { accept, withdraw } = createWithdrawal(history, (name) => firstPicture(modelOf(name)));
  const stage = byId("stage", HTMLElement);
  const brush = createBrush();
  const radius = () => brush.get().radius;
  const view = createView();
  const tint = createTint();
  const ring = createRing(view, radius);
  const keeping = createKeeping();
  const keptPixels = setUpOwn(history, keeping);
  const compare = createCompare({ canvas, images, visible });
  const saver = setUpSaving({ remember: !booth, busy: () => gesturing.active() });
  const connection = watchConnection(() => {
    frames.resume();
    saver.again();
    scenes.strip.repair();
    scenes.variations.repair();
    useModel(history.present().model);
    announce(t("online"));
  });
  const frames = createFrames(images, {
    onFrame(image, { steps, final }) {
      canvas.show(image, final);
      if (final) {
        stage.dataset.shown = "final";
        accept();
      }
      painter.framed(steps, final);
      if (!final) return;
      ready.done("picture");
      refreshEdits();
      scenes.variations.follow();
      void showRegions();
    },
    onWaiting: createBusy(),
    onProblem: (error) => {
      tint.setPending(undefined);
      if (REFUSALS.includes(error.status) && withdraw()) notifyError(error);
      else notifyError(error, () => frames.finish(visible()));
    },
    onUnreachable: connection.lost,
    onReachable: connection.restored,
  });

  async function showRegions() {
    if (!(await findRegions(history.present()))) return;
    refreshEdits();
    tint.refresh();
  }

  /** @type {typeof frames.draft} */
  function draft(make) {
    stage.dataset.shown = "draft";
    frames.draft(() => {
      const made = make();
      keeping.setEdits(made.picture.edits);
      return made;
    });
  }

  // Painting.
  const painter = createPainter({
    brush: brush.get,
    layerOf,
    present: history.present,
    commit,
    limits,
    gesturing,
    restore: () => showPresent(),
    draft,
    tint: tint.setPending,
    aspect: view.aspect,
  });
  const palette = createPalette(brush);
  const segmenter = createSegmenter();
  const findRegions = createRegions(segmenter);
  const picker = createPicker({
    brush: brush.get,
    layerOf,
    present: history.present,
    commit,
    find: createThings({ segmenter, segmented: ({ model }) => modelOf(model).segmenter, radius }),
    limits,
    gesturing,
    tint,
    onError: notifyError,
  });
  brush.subscribe(({ tool }) => (tool === "pick" ? picker.again() : picker.hover(null)));
  const inspector = createInspector({
    present: history.present,
    commit,
    limits,
    radius,
    model: () => modelOf(history.present().model),
    tint,
    onError: notifyError,
  });
  const receptivity = createReceptivity({
    present: history.present,
    busy: painter.working,
    drawn() {
      const { mode, tool, concept, exact } = brush.get();
      const grows = mode === "draw" && tool !== "eraser" && tool !== "pick" && !layerOf({ concept, exact });
      return grows && !inspector.active() ? concept : null;
    },
    tint,
  });
  const tool = () => brush.get().tool;
  const gestures = createGestures({ painter, picker, inspector, receptivity, ring, gesturing, tool });
  listenToPointers(view, gestures);
  giveKeysBack();
  paintByKeys(gestures, ring, radius, view.aspect);

  // The panels around the picture.
  const { undo, redo } = setUpToolbar({ history, commit, view, gesturing });
  setUpControls(brush, ring.preview);
  setUpTools(brush, painter.everywhere);
  const showUnits = setUpUnits(brush, conceptOf);
  const exact = setUpExact(brush, conceptOf);
  const showCleaning = setUpCleaning(history, commit);
  const refreshEdits = createEdits({ history, commit, gesturing, tint, draft, image: canvas.image });
  setUpComparison(history);
  const help = setUpHelp();
  const showAbout = setUpAbout();
  const markModel = setUpModels(available, (name) => history.push(firstPicture(modelOf(name))));

  // Scenes.
  const scenes = createScenes({
    history,
    commit,
    draft,
    gesturing,
    restore: () => showPresent(),
    latentLength: (name) => modelOf(name).latent_dim,
    onUnreachable: connection.lost,
  });

  // Taking pictures away and bringing them in.
  const { style, bringIn, notOpened } = setUpSharing({
    available,
    history,
    gesturing,
    images,
    visible,
    keptPixels,
    translations: (name) => modelOf(name).translations ?? [],
    onOpen: scenes.close,
  });
  setUpKept((picture, id, revision) => bringIn(saver.opened(picture, id, revision)));

  listenToKeys({
    cancel: gesturing.cancel,
    end: gesturing.end,
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
    random: scenes.strip.random,
    variations: scenes.variations.others,
    style,
    help,
    everywhere: painter.everywhere,
    exact: exact.toggle,
    inspect: inspector.toggle,
    leave() {
      inspector.close();
      scenes.close();
      if (brush.get().tool === "pick") brush.set({ tool: "brush" });
    },
    tool: (tool) => brush.set({ tool }),
    zoom: view.zoomMiddle,
  });

  // From now on the page follows its history.
  const useModel = createModelLoader({
    onChange(name) {
      ready.wait("model");
      markModel(name);
      scenes.close();
      inspector.close();
      scenes.strip.fill(modelOf(name));
      showCleaning(modelOf(name));
      exact.model(modelOf(name));
      showAbout(modelOf(name));
    },
    onLoaded({ concepts, directions }) {
      loaded = history.present().model;
      palette.fill(concepts);
      scenes.showDirections(directions);
      showUnits();
      exact.show();
      ready.done("model");
    },
    onProblem: notifyError,
    onUnreachable: connection.lost,
  });

  function showPresent() {
    stage.dataset.shown = "due";
    frames.finish(visible());
    keeping.setEdits(visible().edits);
    compare.refresh();
    scenes.strip.mark(history.present().seed);
    useModel(history.present().model);
  }

  const remember = rememberHistory(history, () => notify(t("unsaved")));
  history.subscribe(() => {
    showPresent();
    if (!booth) saver.save(history.present());
    remember();
  });

  if (refused) notOpened(refused);
  tellFalsified();
  if (booth) {
    dressBooth();
    runBooth(booth, {
      painter,
      ring,
      cancel: gesturing.cancel,
      choose: (values) => brush.set({ ...values, tool: "brush", strength: 1, units: 0, exact: false }),
      concepts: palette.names,
      restart(seed = history.present().seed) {
        forgetSaved();
        view.fit();
        const { model: name } = history.present();
        history.restart(seed === undefined ? firstPicture(modelOf(name)) : newPicture(name, seed));
      },
      store: () => saver.saveNow(history.present()),
    });
    return;
  }
  clearAddress();
  saver.resume(history.timeline());
  if (!given || !(await bringIn(given))) showPresent();
}

void start();
