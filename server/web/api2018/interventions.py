"""Interventions of the 2018 API as a picture's edits: units with levels, a mask on the grid of their layer."""

from collections.abc import Sequence

from server.errors import PictureError, UnknownLayer
from server.model.catalog import Model
from server.model.generator import Layer
from server.painting.picture import MAX_EDITS, Edit
from server.web.api2018.masks import Bits, area, read_masks
from server.web.api2018.questions import Ablation, Intervention

# By layer and alpha: the units to blend that far, and what towards.
Groups = dict[tuple[str, float], dict[int, float]]


def edits_of(interventions: Sequence[Intervention] | None, model: Model) -> tuple[Edit, ...]:
    """What the interventions do to the model's pictures. Later ones lie over earlier ones, as edits do.

    An edit has one layer and one strength, so an intervention becomes as many edits as it has pairs of those; their
    units differ, so their order does not matter. Raises PictureError, with a pointer into the body.
    """
    given = list(interventions or ())
    masks = read_masks((f"/interventions/{i}/mask", one.mask) for i, one in enumerate(given))
    edits: list[Edit] = []
    for i, (one, bits) in enumerate(zip(given, masks, strict=True)):
        edits += _edits(one, bits, model, f"/interventions/{i}/ablations")
        if len(edits) > MAX_EDITS:
            raise PictureError(
                f"the interventions have more than {MAX_EDITS} layers and alphas in all", f"/interventions/{i}"
            )
    return tuple(edits)


def _edits(intervention: Intervention, bits: Bits | None, model: Model, pointer: str) -> list[Edit]:
    groups = _groups(intervention.ablations or (), model, pointer)
    if len(groups) > MAX_EDITS:
        raise PictureError(f"an intervention has at most {MAX_EDITS} layers and alphas in all", pointer)
    masks = {}
    for name, _ in groups:
        if name not in masks:
            layer = model.generator.layer(name)
            masks[name] = area(bits, layer.height, layer.width, intervention.maskpooling or "max")
    return [
        Edit(
            op="draw",
            concept=None,
            mask=masks[name],
            units=tuple(sorted(values)),
            levels=tuple(values[unit] for unit in sorted(values)),
            strength=alpha,
            layer=name,
        )
        for (name, alpha), values in groups.items()
    ]


def _groups(ablations: Sequence[Ablation], model: Model, pointer: str) -> Groups:
    """Of a unit that is listed twice, the last counts that says anything. Raises PictureError."""
    settings: dict[tuple[str, int], tuple[float, float]] = {}  # alpha and value by layer and unit
    for i, ablation in enumerate(ablations):
        layer = layer_of(model, ablation.layer, f"{pointer}/{i}/layer")
        if ablation.unit >= layer.units:
            raise PictureError(f"{layer.name} has units 0..{layer.units - 1}", f"{pointer}/{i}/unit")
        alpha = 1.0 if ablation.alpha is None else ablation.alpha
        value = 0.0 if ablation.value is None else ablation.value
        if alpha != 0 or value != 0:
            settings[ablation.layer, ablation.unit] = alpha, value
    groups: Groups = {}
    for (name, unit), (alpha, value) in settings.items():
        if alpha != 0:
            groups.setdefault((name, alpha), {})[unit] = value
    return groups


def layer_of(model: Model, name: str, pointer: str) -> Layer:
    """The model's layer of that name. Raises UnknownLayer."""
    try:
        return model.generator.layer(name)
    except UnknownLayer as error:
        raise UnknownLayer(error.detail, pointer) from error
