"""The whole dissection of a model, from samples to a folder the server loads: the method as calls in order.

`dissect` writes into `out`:

- `dissection.json`: the brushes (`server.results.dissection`);
- `units.npz`: what is known of every unit (`server.lab.dissect.units.matching.ARRAYS`);
- `effects.json`: every trial of every brush, the choice and its runners-up;
- `judged.json` and `judged.md`: the chosen brushes measured on fresh pictures by the judge;
- `context.json`: what each of them can be drawn on;
- `artifacts.json`: units whose removal makes pictures better, at any layer;
- `statistics.json`: the concepts' areas in samples and in training scenes;
- `costs.json`: what the run took, beside its passes alone;
- `report/`: pages a person reads;
- `README.md`: this, in full.

Every stage is kept in `out/.work`, and an interrupted run goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from server.files import write_json
from server.lab.dissect.constants import GRIDS
from server.lab.dissect.judge.areas import area_shares, compare_areas
from server.lab.dissect.judge.artifacts import find_artifacts
from server.lab.dissect.judge.context import measure_context
from server.lab.dissect.judge.realism import measure_to
from server.lab.dissect.judge.verdict import judge_concept
from server.lab.dissect.report.build import Pictures, build_report
from server.lab.dissect.report.dissection import save_dissection
from server.lab.dissect.report.results import SCHEMA, TRIALS_SCHEMA, write_results
from server.lab.dissect.running.costs import Costs
from server.lab.dissect.running.own import OwnSegmenter
from server.lab.dissect.running.passes import Passes
from server.lab.dissect.running.plan import Plan
from server.lab.dissect.running.progress import OnStep, Progress
from server.lab.dissect.running.work import Arrays, Work, weights_digest
from server.lab.dissect.running.workers import Workers
from server.lab.dissect.search.brushes import choose_brushes
from server.lab.dissect.search.concept import Search
from server.lab.dissect.trials.experiment import Experiments
from server.lab.dissect.trials.layout import Layout, rasters
from server.lab.dissect.units.matching import by_layer, draw_and_count, flat, match_units
from server.lab.dissect.units.samples import Labels, Samples, draw_samples, label_pictures
from server.model.pixels import Pixels
from server.model.segmenter import Segmenter
from server.results.brush import Dissection
from server.results.names import load_names

WORK_SCHEMA = 3  # of the stages in `.work`
JUDGED_FROM = 100_000  # the first seed of the judge's pictures; none that units were chosen on, nor any trained on
ARTIFACTS_FROM = 2_000_000  # the first seed of the pictures that artifact units are sought on

# How many and their size to scenes the generator learnt from: pictures (N, H, W, 3) and exact labels (N, H, W).
Scenes = Callable[[int, int], tuple[Pixels, Labels]]


def dissect(
    passes: Passes,
    judge: Passes,
    model: str,
    layers: Sequence[str],
    plan: Plan,
    out: Path,
    on_step: OnStep,
    matched: Sequence[str] = (),
    scenes: Scenes | None = None,
) -> tuple[Dissection, Costs]:
    """Dissect the layers of a generator and write the results to `out`. Returns the brushes, and what it took.

    passes: the generator with the segmenter that chooses units; judge: the same with another segmenter, or with the
    same one where there is no other, which the results then say. layers: where
    brushes are sought; matched: further layers whose units are matched with concepts only. scenes: what the generator
    was trained on, to compare its samples with. Raises UnknownLayer, ValueError for a plan that cannot be, OSError
    where `out` cannot be written.
    """
    _check(passes, judge, layers, matched, plan)
    layers, matched = (sorted({*some}, key=passes.generator.index) for some in (layers, [*matched, *layers]))
    concepts, workers, costs = passes.concepts, Workers(passes.device), Costs([passes.ledger, judge.ledger])
    progress = Progress(on_step, costs, _steps(len(concepts), layers))
    work = Work.open(out / ".work", _key(passes, judge, layers, matched, plan, scenes is not None))
    for networks in (passes, judge):
        _ = networks.frozen, networks.reader  # made once, before threads ask for them

    # Pictures of the generator, the quantiles of every unit over them, and where concepts stand.
    with progress.stage("samples"):
        seeds = range(plan.first, plan.first + plan.samples)
        drawn = work.arrays("samples", lambda: draw_and_count(passes, seeds, matched, workers))
        samples = Samples(plan.first, concepts, drawn["images"], drawn["labels"])
    with progress.stage("training scenes"):
        training = None if scenes is None else work.arrays("scenes", lambda: _rendered(scenes, plan, passes))
        layout = Layout.of(samples.labels if training is None else training["labels"], len(concepts))

    # Units: which agrees with which concept (Bau et al., ICLR 2019, section 3.1), and its level where the concept is.
    with progress.stage("units"):
        quantiles = {layer: drawn[f"{layer}/quantiles"] for layer in matched}
        units = by_layer(work.arrays("units", lambda: flat(match_units(passes, samples, matched, quantiles, workers))))

    # Brushes: what edits with them do (section 3.2), in rounds of fewer candidates on more pictures, and the choice.
    with costs.stage("brushes"):
        experiments = Experiments(passes, samples, layout, plan.learning, plan.measuring, plan.seed)
        usable = [c for c in range(len(concepts)) if experiments.usable(c)]
        progress.total = _steps(len(usable), layers)
        racing, exact = _racing(layers, passes)
        search = Search(experiments, units, racing, exact, plan, work, workers, progress)
        records = dict(zip(usable, workers.map(search.records, usable), strict=True))
    brushes, effects = choose_brushes(concepts, units, records, exact)
    if not brushes:
        work.discard()
        raise ValueError(f"too few of {plan.samples} samples show any concept for a brush; look at more")

    # The judge, a segmenter that chose nothing: what the brushes do on fresh pictures, and what they can draw on.
    drawers = {b.concept: b for b in brushes if b.serves("draw")}
    removers = {b.concept: b for b in brushes if b.serves("remove")}
    with progress.stage("judging"):
        fresh = work.arrays("fresh", lambda: draw_samples(judge, 3 * plan.judged, JUDGED_FROM, workers).arrays())
        judged_on = Samples(JUDGED_FROM, concepts, fresh["images"], fresh["labels"])
        shares = rasters(judged_on.labels, len(concepts))
        deviations = {layer: arrays["deviation"] for layer, arrays in units.items()}

        def verdict(concept: str) -> dict[str, Any] | None:
            pair = drawers[concept], removers[concept]
            judged = judge_concept(judge, judged_on, shares, layout, *pair, deviations, plan.judged, plan.seed)
            return None if judged is None else judged.document()

        verdicts = [v for v in work.documents("judged", drawers, verdict, workers).values() if v is not None]
    weak = {v["concept"]: tuple(v["weak"]) for v in verdicts}
    brushes = [replace(b, weak=weak.get(b.concept, ())) if b.best else b for b in brushes]
    with progress.stage("context"):

        def on_concepts(concept: str) -> dict[str, Any]:
            return measure_context(judge, judged_on, shares[GRIDS[0]], drawers[concept], plan.context, plan.seed)

        context = work.documents("context", drawers, on_concepts, workers)

    # Units that spoil pictures at any layer, and what the generator does not generate (Bau et al., ICCV 2019).
    with progress.stage("artifact units"):

        def artifacts() -> dict[str, Any]:
            measure = measure_to(judge, None if training is None else training["images"], workers)
            seeds = range(ARTIFACTS_FROM, ARTIFACTS_FROM + plan.artifacts)
            ablated = find_artifacts(judge, measure, matched, seeds, workers)
            work.arrays("artifact-pictures", lambda: dict(ablated.shown))
            return ablated.document()

        artifact_units = work.document("artifacts", artifacts)
        artifact_pictures = work.arrays("artifact-pictures", dict)
    with progress.stage("statistics"):

        def areas() -> dict[str, Any]:
            generated = area_shares(samples.labels, len(concepts))
            if training is None:
                return compare_areas(concepts, generated, None)
            seen = label_pictures(passes, training["images"], workers)  # as the samples were, not the exact labels
            return compare_areas(concepts, generated, area_shares(seen, len(concepts)))

        statistics = work.document("statistics", areas)

    with progress.stage("writing"):
        measured = {
            "brushes": effects,
            "judged": verdicts,
            "context": context,
            "artifacts": artifact_units,
            "statistics": statistics,
        }
        apart = judge.segmenter is not passes.segmenter
        names = load_names(out)
        write_results(out, passes, plan, units, measured, names, apart)
        layers_shown = [passes.generator.layer(layer) for layer in matched]
        shown = Pictures(samples, artifact_pictures)
        measured = {**measured, "judgedApart": apart}
        build_report(out / "report", model, layers_shown, concepts, units, shown, measured, names)
        dissection = Dissection(model, tuple(brushes), "measured by `unitbrush dissect`")
        save_dissection(out, dissection)
    write_json(out / "costs.json", {"schema": SCHEMA, **costs.document()})
    work.remove()
    progress.begin("done")
    return dissection, costs


def _steps(concepts: int, layers: Sequence[str]) -> int:
    """Steps of the progress: the stages, and of every concept's search its stages."""
    return 8 + concepts * (len(layers) + 3)


def _racing(layers: Sequence[str], passes: Passes) -> tuple[list[str], str | None]:
    """The layers that race for the best brushes, and beside them one at which the generator decides."""
    exact = passes.generator.exact_layer
    racing = [layer for layer in layers if layer != exact]
    return (racing, exact) if racing and exact in layers else (list(layers), None)


def _rendered(scenes: Scenes, plan: Plan, passes: Passes) -> Arrays:
    images, labels = scenes(plan.scenes, passes.generator.resolution)
    return {"images": images, "labels": labels}


def _check(passes: Passes, judge: Passes, layers: Sequence[str], matched: Sequence[str], plan: Plan) -> None:
    """Raises UnknownLayer, ValueError."""
    plan.check()
    if not layers:
        raise ValueError("a dissection needs at least one layer")
    for layer in (*layers, *matched):
        passes.generator.index(layer)
    if passes.concepts != judge.concepts:
        raise ValueError("the segmenter and the judge must know the same concepts")


def _key(
    passes: Passes, judge: Passes, layers: Sequence[str], matched: Sequence[str], plan: Plan, scenes: bool
) -> dict[str, object]:
    """All that the stages depend on."""
    return {
        "schema": [SCHEMA, TRIALS_SCHEMA, WORK_SCHEMA],
        "generator": weights_digest(passes.generator),
        "segmenter": _reader_digest(passes.segmenter),
        "judge": _reader_digest(judge.segmenter),
        "concepts": list(passes.concepts),
        "low": passes.low,
        "layers": list(layers),
        "matched": list(matched),
        "plan": asdict(plan),
        "scenes": scenes,
    }


def _reader_digest(segmenter: Segmenter) -> str:
    return segmenter.digest if isinstance(segmenter, OwnSegmenter) else weights_digest(segmenter)
