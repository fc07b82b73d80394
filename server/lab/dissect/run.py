"""The whole dissection of a model, stage by stage, from samples to a folder the server loads.

`dissect` writes into `out`:

- `dissection.json`: the brushes (`server.results.dissection`);
- `units.npz`: what is known of every unit, one array `<layer>/<name>` for each name in `ARRAYS`, and `concepts`;
- `effects.json`: every trial of every brush, the choice and its runners-up;
- `judged.json` and `judged.md`: the chosen brushes measured on fresh pictures by the judge;
- `context.json`: what each of them can be drawn on;
- `artifacts.json`: units whose removal makes pictures better, at any layer;
- `statistics.json`: the concepts' areas in samples and in training scenes;
- `costs.json`: what the run took, beside its passes alone;
- `report/`: pages a person reads;
- `README.md`: this, in full.

Work in progress lies in `out/.work`, and an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from server.lab.dissect.costs import Costs
from server.lab.dissect.dissection import save_dissection
from server.lab.dissect.passes import Passes
from server.lab.dissect.plan import Plan
from server.lab.dissect.records import assemble
from server.lab.dissect.regions import REGION
from server.lab.dissect.report.build import Pictures, build_report
from server.lab.dissect.stages import Report, Run, Scenes
from server.lab.dissect.survey import QUANTILES
from server.lab.dissect.verdicts import verdict_table
from server.lab.dissect.work import Arrays, Work, write_arrays, write_json, write_whole
from server.results.brush import Dissection

SCHEMA = 1
TRIALS_SCHEMA = 2  # of effects.json and judged.json: drawing and removing apart
ARRAYS = {
    "iou": "(units, C): IoU at the best threshold, counted on the other half of the samples",
    "threshold": "(units, C): the threshold of the best information quality ratio",
    "iqr": "(units, C): that ratio",
    "iou_fixed": "(units, C): IoU at the unit's 0.99 quantile",
    "threshold_fixed": "(units,): the unit's 0.99 quantile",
    "chance": "(units, C): the IoU of independent maps of those sizes",
    "present": "(units, C): mean activation in cells well filled with the concept",
    "mean": "(units,): mean activation",
    "deviation": "(units,): standard deviation",
    "high": "(units,): 0.99 quantile over all cells",
    "low": "(units,): 0.01 quantile over all cells",
    "quantiles": "(units, Q): the quantiles named in `server.lab.dissect.survey.QUANTILES`",
    "strongest": "(units, K): the seeds of the samples it is strongest in",
    "regions": "(units, K, REGION**2 / 8): where it exceeds its threshold there, bits row by row",
}


def dissect(
    passes: Passes,
    judge: Passes,
    model: str,
    layers: Sequence[str],
    plan: Plan,
    out: Path,
    report: Report,
    look: Sequence[str] = (),
    scenes: Scenes | None = None,
) -> tuple[Dissection, Costs]:
    """Dissect the layers of a generator and write the results to `out`. Returns the brushes, and what it took.

    passes: the generator with the segmenter that chooses units; judge: the same with another segmenter. layers: where
    brushes are sought; look: further layers whose units are matched with concepts only. scenes: what the generator
    was trained on, to compare its samples with. Raises UnknownLayer, ValueError for a plan that cannot be, OSError
    where `out` cannot be written.
    """
    order = [layer.name for layer in passes.generator.layers]
    _check(passes, judge, layers, look, plan)
    look = sorted({*look, *layers}, key=order.index)
    made = [folder for folder in (out, *out.parents) if not folder.exists()]
    try:
        work = Work.open(out / ".work", _key(passes, judge, layers, look, plan, scenes is not None))
    except OSError:
        _tidy(made)
        raise
    run = Run(passes, judge, sorted({*layers}, key=order.index), look, plan, work, report, scenes)
    arrays, trials = run.measure()
    brushes, effects = assemble(passes.concepts, arrays, trials)
    if not brushes:
        work.remove()
        _tidy(made)
        raise ValueError(f"too few of {plan.samples} samples show any concept for a brush; look at more")
    verdicts, context = run.judged(brushes, arrays)
    weak = {v["concept"]: tuple(v["weak"]) for v in verdicts}
    brushes = [replace(b, weak=weak.get(b.concept, ())) if b.best else b for b in brushes]
    artifacts, pictures = run.artifacts()
    measured = {
        "brushes": effects,
        "judged": verdicts,
        "context": context,
        "artifacts": artifacts,
        "statistics": run.statistics(),
    }
    with run.costs.stage("writing"):
        run.step("writing")
        _write(out, passes, arrays, plan, measured)
        samples = run.samples()
        sizes = [(name, passes.generator.layers[order.index(name)].height) for name in look]
        shown = Pictures(samples.images, samples.first, pictures)
        build_report(out / "report", model, sizes, passes.concepts, arrays, shown, measured)
        dissection = Dissection(model, tuple(brushes), "measured by `unitbrush dissect`")
        save_dissection(out, dissection)
    write_json(out / "costs.json", {"schema": SCHEMA, **run.costs.document()})
    run.work.remove()
    run.step("done")
    return dissection, run.costs


def _tidy(made: Sequence[Path]) -> None:
    """Remove the folders that this run made, the innermost first, as far as they are empty."""
    for folder in made:
        with suppress(OSError):
            folder.rmdir()


def _write(out: Path, passes: Passes, arrays: Mapping[str, Arrays], plan: Plan, measured: Mapping[str, Any]) -> None:
    concepts, size = passes.concepts, passes.resolution
    flat = {f"{layer}/{name}": a for layer, held in arrays.items() for name, a in held.items()}
    write_whole(out / "README.md", lambda p: p.write_text(schema_text(), encoding="utf-8"))
    write_arrays(out / "units.npz", {**flat, "concepts": np.array(concepts)})
    write_json(out / "effects.json", {"schema": TRIALS_SCHEMA, "plan": asdict(plan), "brushes": measured["brushes"]})
    write_json(out / "judged.json", {"schema": TRIALS_SCHEMA, "brushes": measured["judged"]})
    write_whole(out / "judged.md", lambda p: p.write_text(verdict_table(measured["judged"], size), encoding="utf-8"))
    write_json(out / "context.json", {"schema": SCHEMA, "concepts": concepts, "draw": measured["context"]})
    write_json(out / "artifacts.json", {"schema": SCHEMA, **measured["artifacts"]})
    write_json(out / "statistics.json", {"schema": SCHEMA, **measured["statistics"]})


def schema_text() -> str:
    """What the files of a results folder hold, as Markdown."""
    arrays = "\n".join(f"| `<layer>/{name}` | {text} |" for name, text in ARRAYS.items())
    quantiles = ", ".join(f"{q:g}" for q in QUANTILES)
    return f"""# A dissection, schema {SCHEMA}

Written by `unitbrush dissect`. C is the number of concepts, K the number of pictures kept of a unit.

| file | holds |
|---|---|
| `dissection.json` | the brushes: a ranking of units, their levels and the recommended number, by concept and layer; \
under `remove` the ranking and number to remove with; `weak`: what is not clearly better than random units |
| `units.npz` | what is known of every unit, see below |
| `effects.json` | every trial of drawing: concept, layer, ranking, base level and its multiple, number of units; the \
concept's share of the mask before and after, how strange it looks (1: as by itself), what such a mask \
holds of it by itself, labels changed outside, random units beside; under `remove` every trial of removing: the part \
gone, labels changed outside, and when the units are zero everywhere (`spoilt`); the choice and its runners-up of both |
| `judged.json`, `judged.md` | the chosen brushes on fresh pictures, read by a segmenter that did not choose them |
| `context.json` | each brush by what stood in the mask before: pictures, share before and after |
| `artifacts.json` | units whose removal makes pictures better, by layer, with the measure before and after, and the \
candidates that do not |
| `statistics.json` | the concepts' areas in samples and in training scenes, the Frechet distance between them |
| `costs.json` | seconds of each stage and of the passes alone, peak memory |
| `report/index.html` | all of it for people; opens from the file system |

| array of `units.npz` | shape: meaning |
|---|---|
| `concepts` | (C,): their names |
{arrays}

The quantiles are {quantiles}. A region has {REGION} x {REGION} bits. Featuremaps are upsampled bilinearly with
align_corners False. Quantiles are within 2^-8 of the true ones.
"""


def _check(passes: Passes, judge: Passes, layers: Sequence[str], look: Sequence[str], plan: Plan) -> None:
    least = plan.learning + plan.measuring
    if plan.samples < least:
        raise ValueError(f"a dissection needs at least {least} samples, not {plan.samples}")
    if not layers:
        raise ValueError("a dissection needs at least one layer")
    for layer in (*layers, *look):
        passes.generator.index(layer)
    if passes.concepts != judge.concepts:
        raise ValueError("the segmenter and the judge must know the same concepts")


def _key(
    passes: Passes, judge: Passes, layers: Sequence[str], look: Sequence[str], plan: Plan, scenes: bool
) -> dict[str, object]:
    """All that the stages depend on."""
    return {
        "schema": [SCHEMA, TRIALS_SCHEMA],
        "generator": _digest(passes.generator),
        "segmenter": _digest(passes.segmenter),
        "judge": _digest(judge.segmenter),
        "concepts": list(passes.concepts),
        "low": passes.low,
        "layers": sorted(layers),
        "look": list(look),
        "plan": asdict(plan),
        "scenes": scenes,
    }


def _digest(network: object) -> str:
    """A hash of a module's weights; of the name of anything else."""
    digest = hashlib.sha256(type(network).__name__.encode())
    if isinstance(network, torch.nn.Module):
        for name, tensor in sorted(network.state_dict().items()):
            digest.update(name.encode() + tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
