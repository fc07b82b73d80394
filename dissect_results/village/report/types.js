// @ts-check
/**
 * What data.js holds. The page runs from the file system too, where no modules load: its scripts share one scope.
 *
 * @typedef {[concept: number, iou: number, fixed: number]} Match
 * @typedef {[matches: Match[], tiles: number[], regions: string]} Unit
 * @typedef {{name: string, size: [rows: number, columns: number], matching: number[], units: Unit[]}} Layer
 * @typedef {{ranking: string, level: string, multiple: number, units: number, pictures: number, before: number,
 *   drawn: number, disturbed: number, strange: number | null, random_drawn: number | null, score: number}} Drawing
 * @typedef {{ranking: string, units: number, pictures: number, removed: number, disturbed: number, spoilt: number,
 *   random_removed: number | null, score: number}} Removal
 * @typedef {{concept: string, layer: string, best: boolean, choice: Drawing[], trials: Drawing[],
 *   remove: {best: boolean, choice: Removal[], trials: Removal[]}, drawn_by_all: Record<string, number>}} BrushRecord
 * @typedef {{concept: string, layer: string, units: number, of: number, grid: number, host: string | null,
 *   before: number, drawn: number, random_drawn: number, all_drawn: number, visible: number, random_visible: number,
 *   holds: number, kept: number, remove_layer: string, remove_units: number, stood: number, removed: number,
 *   random_removed: number, kept_removing: number, kept_everywhere: number, gone: number, random_gone: number,
 *   drawing_pictures: number, removing_pictures: number, meets: {draw: boolean, remove: boolean, keep: boolean},
 *   weak: string[]}} Verdict
 * @typedef {{pictures: number, before: number, drawn: number, visible: number}} Cell
 * @typedef {{layer: string, unit: number, value: number, without: number, sure: number, kept: number}} Ablated
 * @typedef {{measure: string, pictures: number, units: Ablated[], tried: Ablated[],
 *   together: {value: number, without: number, kept: number} | null, shown: {name: string, seeds: number[]}[]}} Artifacts
 * @typedef {{way: string, asks: [input: string, mask: string, training: string], ms: number, psnr: number, ssim: number,
 *   distance: number, labels: number | null}} WayRow
 * @typedef {{scenes: number, rows: WayRow[]}} Removals
 * @typedef {{concept: string, share: number, training_share: number | null, present: number,
 *   training_present: number | null}} Area
 * @typedef {{model: string, samples: number, interpretable: number, aboveChance: number, concepts: string[], columns: number,
 *   tile: [width: number, height: number],
 *   perSheet: number, sheets: string[], seeds: number[], region: number, layers: Layer[],
 *   brushes: BrushRecord[], judged: Verdict[], judgedApart: boolean, context: Record<string, Record<string, Cell | null>>,
 *   artifacts: Artifacts, strips: Record<string, string>, colours: string[],
 *   statistics: {frechet: number | null, floor: number | null, generated: number, training: number,
 *     concepts: Area[]}}} Dissection
 */

/** @type {Dissection} */
const dissection = /** @type {any} */ (window)["DISSECTION"];

/** @type {Removals | null} */
const removals = /** @type {any} */ (window)["REMOVALS"];
