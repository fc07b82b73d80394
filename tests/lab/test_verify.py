"""Units as active as published ones: true weights agree, weights loaded wrong do not."""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import pytest
import torch

from server.errors import WeightError
from server.lab.verify import PUBLISHED, STORED, compare, latents, measure, misfit, tolerance
from server.model.latents import latents_of
from server.model.progressive import ProgressiveGenerator
from server.results.quantiles import KnownQuantiles, Latents, LayerQuantiles

CPU = torch.device("cpu")
ROWS = Latents(pictures=300, random_state=1)
SEEDS = Latents(pictures=300, first=40)


@pytest.fixture(scope="module")
def generator() -> ProgressiveGenerator:
    """Layers 2, 3 and 4 have kernels of the same shape."""
    torch.manual_seed(3)
    made = ProgressiveGenerator(latent_dim=8, widths=(24, 24, 8)).eval().requires_grad_(False)
    for layer in made.layers:
        made.block(layer.name).wscale.b.copy_(torch.randn(layer.units))
    return made


def figures(
    generator: ProgressiveGenerator, of: Latents, *layers: str, source: str | None = "the test"
) -> KnownQuantiles:
    """As somebody else would measure them: all activations in memory, sorted. Of every third unit."""
    if of.random_state is None:
        z = latents_of(range(of.first, of.first + of.pictures), 8)  # (N, 8)
    else:
        z = torch.from_numpy(np.random.RandomState(of.random_state).standard_normal(of.pictures * 8)).float()
        z = z.reshape(of.pictures, 8)
    known = []
    for layer in layers:
        r = generator.trunk(z, layer).r.transpose(0, 1).flatten(1).numpy()  # (units, N * cells)
        units = np.arange(0, len(r), 3)
        known.append(LayerQuantiles(layer, len(r), units, np.quantile(r[units].astype(np.float64), 0.99, axis=1)))
    return KnownQuantiles(source, of, tuple(known))


def agrees(generator: ProgressiveGenerator, known: KnownQuantiles) -> bool:
    measured = measure(generator, known, CPU, lambda done: None)
    pairs = zip(known.layers, measured, strict=True)
    return all(compare(layer, own).agrees(tolerance(known)) for layer, own in pairs)


@pytest.mark.parametrize("of", [ROWS, SEEDS])
def test_the_same_weights_agree_closely(generator: ProgressiveGenerator, of: Latents) -> None:
    known = figures(generator, of, "layer2", "layer4", "layer5")
    done: list[int] = []
    for layer, own in zip(known.layers, measure(generator, known, CPU, done.append), strict=True):
        assert compare(layer, own).largest < 0.01
    assert (done[0], done[-1]) == (20, 300)
    assert misfit(generator, known) is None


def test_the_latents_are_the_rows_that_gan_dissection_draws() -> None:
    drawn = torch.cat([z for _, z in latents(Latents(pictures=45, random_state=1), 8)])
    whole = np.random.RandomState(1).standard_normal(45 * 8).reshape(45, 8).astype(np.float32)
    np.testing.assert_array_equal(drawn.numpy(), whole)
    drawn = torch.cat([z for _, z in latents(Latents(pictures=45, first=7), 8)])
    np.testing.assert_array_equal(drawn.numpy(), latents_of(range(7, 52), 8).numpy())


def scaled(generator: ProgressiveGenerator) -> None:
    generator.block("layer4").conv.weight.mul_(1.3)


def without_gain(generator: ProgressiveGenerator) -> None:
    for layer in generator.layers:
        generator.block(layer.name).scale /= 2**0.5


def permuted(generator: ProgressiveGenerator) -> None:
    block = generator.block("layer4")
    order = torch.from_numpy(np.random.RandomState(0).permutation(24))
    block.conv.weight.copy_(block.conv.weight[order].clone())
    block.wscale.b.copy_(block.wscale.b[order].clone())


def partly_permuted(generator: ProgressiveGenerator) -> None:
    block = generator.block("layer4")
    order = torch.tensor([3, 6, 9, 12, 0])
    for part in (block.conv.weight, block.wscale.b):
        part[torch.tensor([0, 3, 6, 9, 12])] = part[order].clone()


def without_biases(generator: ProgressiveGenerator) -> None:
    generator.block("layer4").wscale.b.zero_()


def swapped(first: str, second: str) -> Callable[[ProgressiveGenerator], None]:
    def damage(generator: ProgressiveGenerator) -> None:
        a, b = generator.block(first).state_dict(), generator.block(second).state_dict()
        a = {name: tensor.clone() for name, tensor in a.items()}
        generator.block(first).load_state_dict(b)
        generator.block(second).load_state_dict(a)

    return damage


@pytest.mark.parametrize(
    "damage",
    [
        scaled,
        without_gain,
        permuted,
        partly_permuted,
        without_biases,
        swapped("layer3", "layer4"),
        swapped("layer2", "layer3"),
        swapped("layer2", "layer4"),
    ],
)
@pytest.mark.parametrize("source", ["published", None])
def test_weights_loaded_wrong_differ(
    generator: ProgressiveGenerator, damage: Callable[[ProgressiveGenerator], None], source: str | None
) -> None:
    known = figures(generator, ROWS, "layer4", source=source)
    assert agrees(generator, known)
    wrong = copy.deepcopy(generator)
    damage(wrong)
    assert not agrees(wrong, known)


def test_another_training_differs(generator: ProgressiveGenerator) -> None:
    torch.manual_seed(4)
    other = ProgressiveGenerator(latent_dim=8, widths=(24, 24, 8)).eval()
    assert not agrees(other, figures(generator, ROWS, "layer4"))


def test_published_figures_may_be_rough_and_stored_ones_may_not() -> None:
    values = np.full(100, 8.0)
    rough = values * np.linspace(0.9, 1.09, 100)
    layer = LayerQuantiles("layer4", 200, np.arange(100) * 2, values)
    comparison = compare(layer, rough)
    assert (comparison.units, comparison.worst) == (100, 0)
    assert comparison.largest == pytest.approx(0.1)
    assert comparison.median == pytest.approx(0.05, abs=0.005)
    assert comparison.agrees(PUBLISHED)
    assert not comparison.agrees(STORED)


def test_one_unit_that_is_far_off_is_named_and_enough() -> None:
    layer = LayerQuantiles("layer4", 512, np.array([3, 119, 365]), np.array([10.0, 8.0, 11.0]))
    assert compare(layer, np.array([10.0, 8.0, 18.0])).worst == 365
    assert not compare(layer, np.array([10.0, 8.0, 18.0])).agrees(PUBLISHED)


def test_units_near_zero_are_measured_by_the_others() -> None:
    layer = LayerQuantiles("layer4", 4, np.arange(4), np.array([2.0, 2.0, 2.0, 0.001]))
    assert compare(layer, np.array([2.0, 2.0, 2.0, 0.002])).agrees(STORED)


def test_figures_of_another_architecture_do_not_fit(generator: ProgressiveGenerator) -> None:
    values = np.ones(1)
    for layer, total, words in (("layer4", 512, "has 24 units"), ("layer9", 512, "does not exist")):
        known = KnownQuantiles("", ROWS, (LayerQuantiles(layer, total, np.zeros(1, np.int64), values),))
        assert words in str(misfit(generator, known))


def test_activations_without_bounds_are_an_error(generator: ProgressiveGenerator) -> None:
    broken = copy.deepcopy(generator)
    broken.block("layer3").conv.weight.mul_(3e38)
    with pytest.raises(WeightError, match="layer4: activations must be finite"):
        measure(broken, figures(generator, ROWS, "layer4"), CPU, lambda done: None)
