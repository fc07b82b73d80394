"""The generator that decides and then draws: shapes, trunk and tail, edits of the decision, reading its weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from server.errors import WeightError
from server.model.decided import DecidedGenerator, Shape, decided, multiplications, shape_of
from server.model.weights import load_generator
from tests.helpers.decided import DECISION, SKETCH, SMALL, small_decided

PARTS = SMALL.parts


@pytest.fixture
def generator() -> DecidedGenerator:
    return small_decided()


def test_layers_and_their_sizes(generator: DecidedGenerator) -> None:
    assert [layer.height for layer in generator.layers] == [4, 4, 8, 8, 16, 16, 8, 8, 16, 32, 64, 64, 128, 64, 128, 256]
    assert (generator.sketch, generator.decision, generator.resolution) == (SKETCH, DECISION, 256)
    assert (generator.brush_layers, generator.exact_layer) == ((SKETCH, DECISION), DECISION)
    assert generator.layer(SKETCH).units == 7
    assert generator.layer(DECISION).units == PARTS + 2


def test_trunk_advance_and_tail_make_the_whole(generator: DecidedGenerator) -> None:
    z = torch.randn(2, 6)
    with torch.no_grad():
        whole = generator(z)
        assert whole.shape == (2, 3, 256, 256)
        for layer in generator.layers:
            a = generator.trunk(z, layer.name)
            assert a.r.shape == (2, layer.units, layer.height, layer.width)
            torch.testing.assert_close(generator.tail(a, layer.name), whole, atol=1e-4, rtol=1e-4)


def test_units_of_the_decision_are_probabilities(generator: DecidedGenerator) -> None:
    r = generator.trunk(torch.randn(2, 6), DECISION).r[:, :PARTS]
    torch.testing.assert_close(r.sum(1), torch.ones(2, 128, 128))
    assert bool(((r >= 0) & (r <= 1)).all())


def drawn_of(generator: DecidedGenerator, r: Tensor) -> Tensor:
    return generator.tail(generator.trunk(torch.zeros(1, 6), DECISION).edited(r), DECISION)


def test_the_likeliest_part_is_drawn_whatever_its_probability(generator: DecidedGenerator) -> None:
    r = generator.trunk(torch.randn(1, 6), DECISION).r
    one = r.clone()
    one[:, :PARTS] = torch.eye(PARTS)[r[:, :PARTS].argmax(1)].permute(0, 3, 1, 2)
    assert torch.equal(drawn_of(generator, r), drawn_of(generator, one))


def test_what_is_set_in_the_decision_is_drawn_there_and_nowhere_else(generator: DecidedGenerator) -> None:
    r = generator.trunk(torch.randn(1, 6), DECISION).r
    set_above, chosen = r.clone(), r.clone()
    set_above[:, 2, 40:60, 40:60] = 1.5
    chosen[:, :PARTS, 40:60, 40:60] = 0
    chosen[:, 2, 40:60, 40:60] = 1
    drawn = drawn_of(generator, set_above)
    assert torch.equal(drawn, drawn_of(generator, chosen))
    change = (drawn - drawn_of(generator, r)).abs().amax((0, 1))
    assert bool(change[84:116, 84:116].mean() > 0)
    change[60:140, 60:140] = 0
    assert float(change.max()) == 0


def test_where_a_part_is_removed_the_next_likeliest_one_is_drawn(generator: DecidedGenerator) -> None:
    r = generator.trunk(torch.randn(1, 6), DECISION).r
    removed, chosen = r.clone(), r.clone()
    best = r[:, :PARTS].mean((0, 2, 3)).argmax()
    removed[:, best] = 0
    chosen[:, :PARTS] = torch.eye(PARTS)[removed[:, :PARTS].argmax(1)].permute(0, 3, 1, 2)
    assert torch.equal(drawn_of(generator, removed), drawn_of(generator, chosen))
    assert not torch.equal(drawn_of(generator, removed), drawn_of(generator, r))


def test_gradients_reach_every_parameter_through_the_decision() -> None:
    generator = DecidedGenerator(SMALL)
    generator(torch.randn(2, 6)).square().mean().backward()
    assert all(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in generator.parameters())


def test_decisions_have_the_gradient_of_the_softmax() -> None:
    scores = torch.randn(1, 4, 3, 3, requires_grad=True)
    weights = torch.randn(1, 4, 3, 3)
    made = decided(scores)
    assert set(made.unique().tolist()) == {0.0, 1.0}
    (gradient,) = torch.autograd.grad((made * weights).sum(), scores)
    (expected,) = torch.autograd.grad((scores.softmax(1) * weights).sum(), scores)
    torch.testing.assert_close(gradient, expected)


def test_the_village_stays_within_its_budget() -> None:
    generator = DecidedGenerator()
    assert sum(multiplications(generator).values()) <= 3.5e9
    assert 2 * sum(p.numel() for p in generator.parameters()) <= 20e6


def test_painting_computes_the_same_layer_by_layer(generator: DecidedGenerator) -> None:
    painting, z = generator.frozen(), torch.randn(1, 6)
    assert (painting.brush_layers, painting.exact_layer) == (generator.brush_layers, generator.exact_layer)
    with torch.no_grad():
        a = generator.trunk(z, "layer1")
        torch.testing.assert_close(painting.trunk(z, "layer1").r, a.r, atol=2e-5, rtol=1e-4)
        for before, layer in zip(generator.layers, generator.layers[1:], strict=False):
            after = generator.advance(a, before.name, layer.name)
            torch.testing.assert_close(painting.advance(a, before.name, layer.name).r, after.r, atol=2e-5, rtol=1e-4)
            a = after
        last = generator.layers[-1].name
        torch.testing.assert_close(painting.tail(a, last), generator.tail(a, last), atol=1e-4, rtol=1e-3)


def test_drafts_are_drawn_in_bfloat16(generator: DecidedGenerator) -> None:
    draft, z = generator.frozen(torch.bfloat16), torch.randn(1, 6)
    assert draft.trunk(z, DECISION).r.dtype == torch.bfloat16
    a = generator.trunk(z, DECISION)
    r = a.r.clone()  # decided already: where two parts are nearly as likely, rounding would choose another one
    r[:, :PARTS] = torch.eye(PARTS)[r[:, :PARTS].argmax(1)].permute(0, 3, 1, 2)
    image = draft.tail(a.edited(r).to(torch.bfloat16), DECISION)
    assert image.dtype == torch.float32
    assert float((image - generator.tail(a, DECISION)).abs().mean()) < 0.03


# --- weights ---


def written(path: Path, tensors: dict[str, Tensor]) -> Path:
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path)
    return path


def test_a_file_of_half_precision_is_read_in_float32(tmp_path: Path, generator: DecidedGenerator) -> None:
    halves = {name: tensor.half() for name, tensor in generator.state_dict().items()}
    read = load_generator(written(tmp_path / "generator.safetensors", halves))
    assert isinstance(read, DecidedGenerator)
    assert (read.shape, read.layers, read.training) == (SMALL, generator.layers, False)
    for name, tensor in read.state_dict().items():
        assert torch.equal(tensor, halves[name].float())
    assert not any(p.requires_grad for p in read.parameters())


def test_the_averaged_weights_of_a_checkpoint_are_read(tmp_path: Path, generator: DecidedGenerator) -> None:
    path = tmp_path / "checkpoint.pt"
    torch.save({"generator": small_decided(4).state_dict(), "averaged": generator.state_dict(), "seen": 8}, path)
    read = load_generator(path).state_dict()
    assert all(torch.equal(tensor, read[name]) for name, tensor in generator.state_dict().items())


def test_the_shape_of_the_village_is_read_off_its_weights() -> None:
    sizes = {name: tuple(p.shape) for name, p in DecidedGenerator().named_parameters()}
    assert shape_of(sizes) == Shape()


@pytest.mark.parametrize(
    "change",
    [
        {"plan": ((0.5, 12), (1, 12), (2, 9), (4, 8))},  # twice as large with as many units
        {"plan": ((0.5, 12), (0.5, 10), (1, 9), (2, 8))},  # of other units, as large
        {"plan": ((1, 12), (0.5, 12), (1, 10), (2, 9))},  # the last number no multiple of four
        {"plan": ((0.5, 8), (0.25, 8), (0.125, 8), (0.0625, 8), (0.03125, 8))},  # half a cell
        {"draw": ((4, 8), (8, 8))},
    ],
)
def test_shapes_that_weights_would_not_tell_are_refused(change: dict[str, tuple[tuple[float, int], ...]]) -> None:
    with pytest.raises(ValueError, match=r"would not tell|multiple of four"):
        DecidedGenerator(replace(SMALL, **change))


@pytest.mark.parametrize(
    ("name", "tensor", "message"),
    [
        ("layer3.wscale.b", None, "layer3.wscale.b is missing"),
        ("layer4.conv.weight", None, "layers are missing: there are 1, 2, 3, 5"),
        (
            "layer9.conv.weight",
            torch.zeros(10, 11, 3, 3),
            r"layer9.conv.weight has .*expected \(10, 12, 3, 3\)",
        ),
        ("layer13.conv.weight", torch.zeros(20, 8, 3, 3), "not one layer|expected"),
        ("layer12.conv.weight", torch.zeros(8, 8, 1, 1), "not one layer"),
        ("layer13.conv.weight", torch.zeros(19, 8, 1, 1), "expected"),
        ("layer2.conv.weight", torch.zeros(8, 0, 3, 3), "layer2 has a kernel of shape"),
        ("layer2.conv.weight", torch.zeros(8), "layer2 has a kernel of shape"),
        ("layer14.conv.weight", torch.zeros(8, 27, 3, 3), "expected"),
        ("output_256x256.conv.weight", None, "output_256x256.conv.weight is missing"),
        ("layer99.wscale.b", torch.zeros(3), "'layer99.wscale.b' is no part of"),
        ("surprise", torch.zeros(3), "'surprise' is no part of"),
        ("layer1.wscale.b", torch.full((8,), torch.nan), "not finite"),
        ("layer1.wscale.b", torch.zeros(8, dtype=torch.int64), "not a plain tensor of floats"),
    ],
)
def test_damaged_weights_are_refused_in_one_line(
    tmp_path: Path, generator: DecidedGenerator, name: str, tensor: Tensor | None, message: str
) -> None:
    tensors = dict(generator.state_dict())
    tensors.pop(name, None)
    if tensor is not None:
        tensors[name] = tensor
    with pytest.raises(WeightError, match=message) as error:
        load_generator(written(tmp_path / "generator.safetensors", tensors))
    assert "\n" not in str(error.value)


def test_featuremaps_without_bounds_are_refused(tmp_path: Path, generator: DecidedGenerator) -> None:
    """Each layer more doubles the side: a small file must not ask for more than there is."""
    tensors = dict(generator.state_dict())
    for i, units in enumerate(range(5, 40), 17):
        tensors[f"layer{i}.conv.weight"] = torch.zeros(units, units - 1, 3, 3)
        tensors[f"layer{i}.wscale.b"] = torch.zeros(units)
    side = 256 * 2**35
    for part, size in (("conv.weight", (3, 39, 1, 1)), ("wscale.b", (3,))):
        tensors[f"output_{side}x{side}.{part}"] = torch.zeros(size)
        del tensors[f"output_256x256.{part}"]
    with pytest.raises(WeightError, match="more than any known generator"):
        load_generator(written(tmp_path / "generator.safetensors", tensors))
