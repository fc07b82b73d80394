// @ts-check
/* Tables: sortable by their columns, and the heat map of contexts. */

/**
 * A table that sorts by any column when its head is pressed.
 * @param {string[]} heads
 * @param {(string | number | Node)[][]} rows Cells; a `[shown, sorted by]` pair is written as a Node with data-value.
 * @returns {HTMLElement}
 */
function sortable(heads, rows) {
  const body = make("tbody");
  for (const row of rows) {
    body.append(make("tr", {}, row.map((cell) => make("td", {}, [typeof cell === "number" ? String(cell) : cell]))));
  }
  const head = make("tr");
  heads.forEach((text, column) => {
    const button = make("button", { type: "button" }, [text]);
    const cell = make("th", { scope: "col" }, [button]);
    button.addEventListener("click", () => {
      const down = cell.getAttribute("aria-sort") !== "descending";
      for (const other of head.children) other.removeAttribute("aria-sort");
      cell.setAttribute("aria-sort", down ? "descending" : "ascending");
      const sign = down ? -1 : 1;
      const sorted = [...body.children].sort((a, b) => sign * compareCells(a.children[column], b.children[column]));
      body.append(...sorted);
    });
    head.append(cell);
  });
  return make("table", {}, [make("thead", {}, [head]), body]);
}

/**
 * Numbers by size, the rest by the alphabet.
 * @param {Element | undefined} a
 * @param {Element | undefined} b
 * @returns {number}
 */
function compareCells(a, b) {
  const left = a?.textContent ?? "", right = b?.textContent ?? "";
  const x = parseFloat(left), y = parseFloat(right);
  return Number.isNaN(x) || Number.isNaN(y) ? left.localeCompare(right) : x - y;
}

/**
 * The judge's verdicts.
 * @param {Verdict[]} verdicts
 * @returns {HTMLElement}
 */
function verdictTable(verdicts) {
  const heads = ["brush", "place", "layer", "units", "before", "drawn", "random", "all units", "a mask can hold",
    "visible", "random", "outside kept", "removed at", "units", "stood", "removed", "random", "outside kept",
    "kept, without a mask", "weak at"];
  return sortable(heads, verdicts.map((v) => {
    // What a small thing is meant to do is to be seen; other brushes are to fill the mask.
    const small = v.host !== null || v.grid > Math.min(...verdicts.map((other) => other.grid));
    return [
      v.concept, v.host ?? "-", v.layer, `${v.units} of ${v.of}`, percent(v.before),
      judged(percent(v.drawn), !small && v.meets.draw), percent(v.random_drawn), percent(v.all_drawn), percent(v.holds),
      judged(percent(v.visible), small && v.meets.draw), percent(v.random_visible), judged(percent(v.kept), v.meets.keep),
      v.remove_layer, String(v.remove_units), percent(v.stood), judged(percent(v.gone), v.meets.remove),
      percent(v.random_gone), judged(percent(v.kept_removing), v.meets.keep), percent(v.kept_everywhere),
      v.weak.length ? make("span", { class: "weak" }, [v.weak.join(", ")]) : "-",
    ];
  }));
}

/**
 * A figure, with a tick where it is as good as brushes are meant to be.
 * @param {string} text
 * @param {boolean} met
 * @returns {HTMLElement}
 */
function judged(text, met) {
  return make("span", met ? { class: "met" } : {}, [text]);
}

/**
 * Units set to zero, and what that does.
 * @param {Ablated[]} units
 * @returns {HTMLElement}
 */
function ablationTable(units) {
  const heads = ["unit", "layer", "with it", "without", "change", "standard errors", "labels kept"];
  return sortable(heads, units.map((u) => [
    String(u.unit), u.layer, u.value.toFixed(4), u.without.toFixed(4), percent((u.without - u.value) / u.value, 2),
    u.sure.toFixed(1), percent(u.kept),
  ]));
}

/**
 * Ways to remove a thing, what each asks for, and how near it comes to the scene without the thing.
 * @param {WayRow[]} rows
 * @returns {HTMLElement}
 */
function removalTable(rows) {
  const heads = ["way", "free input", "a mask", "training", "ms", "PSNR", "SSIM", "distance", "labels"];
  return sortable(heads, rows.map((r) => [
    r.way, ...r.asks, r.ms.toFixed(0), r.psnr.toFixed(1), r.ssim.toFixed(3), r.distance.toFixed(3), percent(r.labels, 0),
  ]));
}

/**
 * What else was tried for a brush, the best first.
 * @param {Drawing[]} drawings
 * @param {Removal[]} removals
 * @returns {HTMLElement}
 */
function runnersUp(drawings, removals) {
  const drawn = sortable(
    ["draw: ranking", "level", "times", "units", "drawn", "strangeness", "changed outside", "score"],
    drawings.map((t) => [
      t.ranking, t.level, String(t.multiple), t.units, percent(t.drawn - t.before),
      t.strange === null ? "-" : t.strange.toFixed(2), percent(t.disturbed), t.score.toFixed(2),
    ]),
  );
  const removed = sortable(
    ["remove: ranking", "units", "removed", "changed outside", "changed outside, without a mask", "score"],
    removals.map((t) => [
      t.ranking, t.units, percent(t.removed), percent(t.disturbed), percent(t.spoilt), t.score.toFixed(2),
    ]),
  );
  const summary = make("summary", {}, ["The choice and its runners-up"]);
  const tables = [drawn, removed].map((table) => make("div", { class: "scroll", tabindex: 0 }, [table]));
  return make("details", {}, [summary, ...tables]);
}

/**
 * The areas of the concepts in samples and in training scenes.
 * @param {Area[]} areas
 * @returns {HTMLElement}
 */
function areaTable(areas) {
  const heads = ["concept", "area", "area in training", "ratio", "in pictures", "in training scenes"];
  return sortable(heads, areas.map((a) => {
    const ratio = a.training_share ? a.share / a.training_share : null;
    const text = ratio === null ? "-" : ratio.toFixed(2);
    const shown = ratio !== null && ratio < 0.67 ? make("span", { class: "weak" }, [text]) : text;
    return [a.concept, percent(a.share, 2), percent(a.training_share, 2), shown, percent(a.present),
      percent(a.training_present)];
  }));
}

/**
 * Rows: what is drawn. Columns: what stood there. The darker, the more of the mask it gained.
 * @param {Dissection} d
 * @returns {HTMLElement}
 */
function contextTable(d) {
  const head = make("tr", {}, [make("th", { scope: "col" }, ["draw \\ on"])]);
  for (const concept of d.concepts) head.append(make("th", { scope: "col" }, [concept]));
  const body = make("tbody");
  for (const [concept, row] of Object.entries(d.context)) {
    const line = make("tr", {}, [make("th", { scope: "row" }, [concept])]);
    for (const before of d.concepts) {
      const cell = row[before];
      if (!cell) {
        line.append(make("td", {}, [""]));
        continue;
      }
      const gain = cell.drawn - cell.before;
      const place = make("td", {
        title: `${concept} on ${before}: to be seen in ${percent(cell.visible, 0)} of ${cell.pictures} pictures`,
      }, [gain.toFixed(2)]);
      const strength = Math.round(100 * Math.max(0, Math.min(1, gain)));
      place.style.background = `color-mix(in srgb, var(--draw) ${Math.round(strength * 0.75)}%, transparent)`;
      line.append(place);
    }
    body.append(line);
  }
  return make("table", {}, [make("thead", {}, [head]), body]);
}
