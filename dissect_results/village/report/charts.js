// @ts-check
/* The charts: stacked layers, bars, effect curves. Each returns an SVG element. */

/**
 * A stacked column for every layer: which concepts appear at which depth.
 * @param {Dissection} d
 * @returns {SVGElement}
 */
function depthChart(d) {
  const width = 64, height = 240, gap = 14, left = 44, top = 22;
  const chart = svg("svg", {
    width: left + d.layers.length * (width + gap) + 8, height: top + height + 54, role: "img",
    "aria-label": "Share of units that match each concept, layer by layer",
  });
  for (const tick of [0, 0.5, 1]) {
    const y = top + height * (1 - tick);
    chart.append(svg("line", { class: "axis", x1: left, x2: left + d.layers.length * (width + gap), y1: y, y2: y }));
    chart.append(svg("text", { class: "faint", x: left - 6, y: y + 4, "text-anchor": "end" }, [percent(tick, 0)]));
  }
  d.layers.forEach((layer, i) => {
    const x = left + i * (width + gap) + gap / 2, total = layer.units.length;
    chart.append(svg("rect", { class: "empty", x, y: top, width, height }));
    let y = top + height;
    layer.matching.forEach((count, concept) => {
      if (!count) return;
      const h = (height * count) / total;
      y -= h;
      const block = svg("rect", { x, y, width, height: h, fill: colour(concept) });
      block.append(svg("title", {}, [`${layer.name}: ${count} of ${total} units match ${d.concepts[concept]}`]));
      chart.append(block);
      if (h > 13) {
        chart.append(svg("text", { x: x + 4, y: y + h / 2 + 4 }, [d.concepts[concept] ?? ""]));
      }
    });
    const matching = layer.matching.reduce((a, b) => a + b, 0);
    const middle = { x: x + width / 2, "text-anchor": "middle" };
    chart.append(svg("text", { ...middle, y: top - 7 }, [percent(matching / total, 0)]));
    chart.append(svg("text", { ...middle, y: top + height + 18 }, [layer.name]));
    chart.append(svg("text", { ...middle, class: "faint", y: top + height + 34 }, [`${layer.size.join("x")}`]));
    chart.append(svg("text", { ...middle, class: "faint", y: top + height + 50 }, [`${total} units`]));
  });
  return chart;
}

/**
 * Bars: how many units of a layer match each concept, the most common first.
 * @param {Dissection} d
 * @param {Layer} layer
 * @returns {SVGElement}
 */
function conceptBars(d, layer) {
  const rows = layer.matching.map((count, concept) => ({ count, concept })).sort((a, b) => b.count - a.count);
  const full = matchMedia("(max-width: 34rem)").matches ? 180 : 420; // text stays as large on a phone
  const row = 24, left = 84, most = Math.max(1, ...layer.matching);
  const chart = svg("svg", {
    viewBox: `0 0 ${left + full + 50} ${rows.length * row + 4}`, width: "100%", role: "img",
    "aria-label": `Units of ${layer.name} that match each concept`,
  });
  chart.style.maxWidth = "44rem";
  rows.forEach(({ count, concept }, i) => {
    const y = i * row + 4, w = (full * count) / most;
    chart.append(svg("text", { x: left - 8, y: y + 14, "text-anchor": "end" }, [d.concepts[concept] ?? ""]));
    chart.append(svg("rect", { x: left, y, width: w, height: row - 6, rx: 3, fill: colour(concept) }));
    chart.append(svg("text", { x: left + w + 6, y: y + 14 }, [String(count)]));
  });
  return chart;
}

/**
 * Draw effect of a brush, and remove effect of what removes its concept, over the number of units, random units beside.
 * @param {BrushRecord} brush
 * @param {BrushRecord} remover
 * @returns {SVGElement}
 */
function effectCurves(brush, remover) {
  const chosen = brush.choice[0], removing = remover.remove.choice[0];
  const width = 260, height = 150, left = 30, bottom = 22;
  const chart = svg("svg", {
    viewBox: `0 0 ${width} ${height}`, width: "100%", role: "img",
    "aria-label": `Effect of the brush ${brush.concept} over its number of units`,
  });
  if (!chosen || !removing) return chart;
  const drawn = brush.trials.filter((t) => t.ranking === chosen.ranking && t.level === chosen.level &&
    t.multiple === 1 && t.pictures === chosen.pictures);
  const removed = remover.remove.trials.filter((t) => t.ranking === removing.ranking && t.pictures === removing.pictures);
  const counts = [...new Set([...drawn, ...removed].map((t) => t.units))].sort((a, b) => a - b);
  const least = Math.log2(counts[0] ?? 1), most = Math.log2(counts.at(-1) ?? 2);
  const x = (/** @type {number} */ n) => left + ((width - left - 10) * (Math.log2(n) - least)) / Math.max(1, most - least);
  const y = (/** @type {number} */ v) => 8 + (height - 8 - bottom) * (1 - Math.max(0, Math.min(1, v)));
  for (const tick of [0, 0.5, 1]) {
    chart.append(svg("line", { class: "axis", x1: left, x2: width - 10, y1: y(tick), y2: y(tick) }));
    chart.append(svg("text", { class: "faint", x: left - 5, y: y(tick) + 4, "text-anchor": "end" }, [String(tick)]));
  }
  /** @type {[string, [number, number][]][]} */
  const lines = [
    ["random", drawn.map((t) => [t.units, (t.random_drawn ?? t.before) - t.before])],
    ["random", removed.map((t) => [t.units, t.random_removed ?? 0])],
    ["draw", drawn.map((t) => [t.units, t.drawn - t.before])],
    ["remove", removed.map((t) => [t.units, t.removed])],
  ];
  for (const [name, points] of lines) {
    points.sort((a, b) => a[0] - b[0]);
    chart.append(svg("polyline", { class: name, points: points.map(([n, v]) => `${x(n)},${y(v)}`).join(" ") }));
  }
  const gain = chosen.drawn - chosen.before;
  chart.append(svg("circle", { class: "draw", cx: x(chosen.units), cy: y(gain), r: 4 }));
  chart.append(svg("circle", { class: "remove", cx: x(removing.units), cy: y(removing.removed), r: 4 }));
  for (const n of counts) {
    if (Number.isInteger(Math.log2(n))) {
      chart.append(svg("text", { class: "faint", x: x(n), y: height - 6, "text-anchor": "middle" }, [String(n)]));
    }
  }
  return chart;
}
