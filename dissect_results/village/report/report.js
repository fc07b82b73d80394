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
  const bars = fill("bar-layer", d.layers.map((layer) => [layer.name, `${layer.name}, ${layer.size}x${layer.size}`]));
  const best = d.brushes.find((b) => b.best);
  if (best) bars.value = best.layer;
  const draw = () => {
    const layer = d.layers.find((l) => l.name === bars.value);
    if (layer) byId("bars").replaceChildren(conceptBars(d, layer));
  };
  bars.addEventListener("change", draw);
  draw();
  byId("judged").append(verdictTable(d.judged));
  for (const brush of d.brushes.filter((b) => b.best)) {
    const chosen = brush.choice[0];
    if (!chosen) continue;
    const text = `${brush.concept}: ${chosen.units} units of ${brush.layer}, ranked by ${chosen.ranking}, ` +
      `level ${chosen.level}`;
    byId("curves").append(make("figure", {}, [effectCurves(brush), make("figcaption", {}, [text])]));
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
  const a = d.artifacts;
  byId("artifact-text").textContent = a.units.length
    ? `Setting these units of ${a.layer} to zero makes pictures clearer. Measured by the ${a.measure}, over ` +
      `${a.pictures} pictures: ${a.entropy.toFixed(4)} as they are, ${a.without_all.toFixed(4)} without all of them.`
    : `No unit of ${a.layer} makes pictures clearer when set to zero (${a.measure}, ${a.pictures} pictures).`;
  if (a.units.length) {
    byId("artifact-list").append(sortable(["unit", "entropy with", "without", "pictures better"],
      a.units.map((u) => [String(u.unit), u.entropy.toFixed(4), u.without.toFixed(4), percent(u.better, 0)])));
  }
}

/**
 * The browser of units.
 * @param {Dissection} d
 */
function units(d) {
  const page = 24, sheet = sheetLoader(d.sheets);
  const layers = fill("unit-layer", d.layers.map((layer) => [layer.name, `${layer.name}, ${layer.size}x${layer.size}`]));
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
  findings(d);
  units(d);
}

start(dissection);
