// @ts-check
/* Puts the page together. */

/**
 * Fill a <select>.
 * @param {string} id
 * @param {[value: string, text: string][]} options
 * @returns {HTMLSelectElement}
 */
function fill(id, options) {
  const select = /** @type {HTMLSelectElement} */ (byId(id));
  select.replaceChildren(...options.map(([value, text]) => make("option", { value }, [text])));
  return select;
}

/** Light or dark, as the system says until the button is pressed. */
function themeButton() {
  const button = byId("theme");
  const dark = () => {
    const chosen = document.documentElement.dataset["theme"];
    return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  };
  const tell = () => {
    button.textContent = dark() ? "Light" : "Dark";
    button.setAttribute("aria-pressed", String(dark()));
  };
  button.addEventListener("click", () => {
    document.documentElement.dataset["theme"] = dark() ? "light" : "dark";
    tell();
  });
  tell();
}

/**
 * Layers and brushes.
 * @param {Dissection} d
 */
function charts(d) {
  byId("depth").append(depthChart(d));
  const bars = fill("bar-layer", d.layers.map((layer) => [layer.name, `${layer.name}, ${layer.size.join("x")}`]));
  const best = d.brushes.find((b) => b.best);
  if (best) bars.value = best.layer;
  const draw = () => {
    const layer = d.layers.find((l) => l.name === bars.value);
    if (layer) byId("bars").replaceChildren(conceptBars(d, layer));
  };
  bars.addEventListener("change", draw);
  draw();
  byId("not-apart").hidden = d.judgedApart;
  byId("judged").append(verdictTable(d.judged));
  for (const brush of d.brushes.filter((b) => b.best)) {
    const remover = d.brushes.find((b) => b.remove.best && b.concept === brush.concept) ?? brush;
    const chosen = brush.choice[0], removing = remover.remove.choice[0];
    if (!chosen || !removing) continue;
    const text = `Drawn with ${chosen.units} units of ${brush.layer}, ranked by ${chosen.ranking}, at ` +
      `${chosen.multiple} of the level ${chosen.level}; removed with ${removing.units} of ${remover.layer}, ranked by ` +
      `${removing.ranking}.`;
    const dot = make("i", { class: "dot" });
    dot.style.background = colour(d.concepts.indexOf(brush.concept));
    byId("curves").append(make("figure", {}, [make("h4", {}, [dot, brush.concept]), effectCurves(brush, remover),
      make("figcaption", {}, [text]), runnersUp(brush.choice, remover.remove.choice)]));
  }
}

/**
 * Context, missing concepts and artifact units.
 * @param {Dissection} d
 */
function findings(d) {
  byId("heat").append(contextTable(d));
  const s = d.statistics;
  byId("frechet").textContent = s.frechet === null || s.floor === null
    ? "There are no training scenes to compare with."
    : `Frechet distance between the concepts' areas in ${s.generated} samples and in ${s.training} training scenes: ` +
      `${s.frechet.toFixed(4)}; between two halves of the scenes: ${s.floor.toFixed(4)}.`;
  byId("areas").append(areaTable(s.concepts));
  artifacts(d);
}

/**
 * Things removed by brushes and by inpaintings, where that was measured.
 * @param {Removals} measured
 */
function ways(measured) {
  byId("removals").hidden = false;
  for (const link of document.querySelectorAll('nav [href="#removals"]')) link.removeAttribute("hidden");
  byId("removals-text").textContent =
    `One thing of each of ${measured.scenes} scenes was removed in every way. Medians; where the thing stood, beside ` +
    "what the model draws of the same scene without it. Distance is of features that the segmenter sees, labels the " +
    "share that it names the same.";
  byId("removals-table").append(removalTable(measured.rows));
  byId("removals-sheet").append(make("img", {
    src: "removals.webp", loading: "lazy",
    alt: "Scenes in rows: as they are, the mask, without the thing, and as every way leaves them",
  }));
}

/**
 * Units whose removal makes pictures better, or the nearest to that, before and after.
 * @param {Dissection} d
 */
function artifacts(d) {
  const a = d.artifacts;
  byId("artifact-text").textContent = a.together
    ? `Pictures get better when these units are zero everywhere. The ${a.measure}, over ${a.pictures} pictures, is ` +
      `${a.together.value.toFixed(4)} with them and ${a.together.without.toFixed(4)} without all of them; ` +
      `${percent(a.together.kept)} of the labels stay. A picture with "clean": true does without them.`
    : `No unit makes pictures better by more than chance when it is zero everywhere: the measure is the ${a.measure}, ` +
      `over ${a.pictures} pictures. Below are the units that came nearest.`;
  if (a.units.length) byId("artifact-list").append(ablationTable(a.units));
  for (const { name, seeds } of a.shown) {
    const file = d.strips[name];
    if (!file) continue;
    const what = name === "all" ? "all of them" : name.replace(/^(.*)-(\d+)$/, "unit $2 of $1");
    const image = make("img", {
      src: file, alt: `${seeds.length} pictures as they are, and below them without ${what}`,
    });
    image.style.aspectRatio = `${seeds.length} / 2`;
    const text = `Without ${what}: above as they are, below at zero. Seeds ${seeds.join(", ")}.`;
    byId("artifact-strips").append(make("figure", {}, [image, make("figcaption", {}, [text])]));
  }
  if (!a.tried.length) return;
  const summary = make("summary", {}, ["Units that were tried and are none"]);
  const table = make("div", { class: "scroll", tabindex: 0 }, [ablationTable(a.tried)]);
  byId("artifact-tried").append(make("details", a.units.length ? {} : { open: "" }, [summary, table]));
}

/**
 * The unit that knows each concept best, in any layer.
 * @param {Dissection} d
 * @param {(number: number) => Promise<HTMLImageElement>} sheet
 */
function gallery(d, sheet) {
  d.concepts.forEach((name, concept) => {
    /** @type {{iou: number, layer: Layer, unit: number} | undefined} */
    let best;
    for (const layer of d.layers) {
      layer.units.forEach(([matches], unit) => {
        const iou = matches.find((m) => m[0] === concept)?.[1] ?? 0;
        if (iou > (best?.iou ?? 0)) best = { iou, layer, unit };
      });
    }
    if (!best) return;
    const card = unitCard(d, best.layer, best.unit, sheet);
    const dot = make("i", { class: "dot" });
    dot.style.background = colour(concept);
    const iou = make("small", {}, [`IoU ${best.iou.toFixed(2)}`]);
    card.querySelector("h3")?.replaceWith(make("h3", {}, [make("span", {}, [dot, name]), iou]));
    card.querySelector(".chips")?.replaceWith(make("p", { class: "where" }, [`unit ${best.unit} of ${best.layer.name}`]));
    byId("gallery").append(card);
  });
}

/**
 * The browser of units.
 * @param {Dissection} d
 */
function units(d) {
  const page = 24, sheet = sheetLoader(d.sheets);
  gallery(d, sheet);
  const layers = fill("unit-layer", d.layers.map((layer) => [layer.name, `${layer.name}, ${layer.size.join("x")}`]));
  const concepts = fill("unit-concept", [["-1", "any"],
    ...d.concepts.map((name, i) => /** @type {[string, string]} */ ([String(i), name]))]);
  const order = /** @type {HTMLSelectElement} */ (byId("unit-sort"));
  const all = /** @type {HTMLInputElement} */ (byId("unit-all"));
  const best = d.brushes.find((b) => b.best);
  if (best) layers.value = best.layer;
  /** @type {number[]} */
  let numbers = [];
  let shown = 0;
  const more = () => {
    const layer = d.layers.find((l) => l.name === layers.value);
    if (!layer) return;
    const next = numbers.slice(shown, shown + page);
    byId("unit-list").append(...next.map((unit) => unitCard(d, layer, unit, sheet)));
    shown += next.length;
    byId("more").hidden = shown >= numbers.length;
  };
  const restart = () => {
    const layer = d.layers.find((l) => l.name === layers.value);
    if (!layer) return;
    numbers = chosenUnits(d, layer, Number(concepts.value), order.value, all.checked);
    shown = 0;
    byId("unit-list").replaceChildren();
    byId("unit-count").textContent = `${numbers.length} of ${layer.units.length} units`;
    more();
  };
  for (const control of [layers, concepts, order, all]) control.addEventListener("change", restart);
  byId("more").addEventListener("click", more);
  restart();
}

/** @param {Dissection} d */
function start(d) {
  document.title = `Dissection of ${d.model}`;
  byId("title").textContent = document.title;
  const total = d.layers.reduce((sum, layer) => sum + layer.units.length, 0);
  const matching = d.layers.reduce((sum, layer) => sum + layer.matching.reduce((a, b) => a + b, 0), 0);
  byId("summary").textContent = `${matching} of ${total} units in ${d.layers.length} layers match a concept, over ` +
    `${d.samples} samples: with an IoU of at least ${d.interpretable}, and of ${d.aboveChance} times what chance gives.`;
  themeButton();
  charts(d);
  if (removals) ways(removals);
  findings(d);
  units(d);
}

start(dissection);
