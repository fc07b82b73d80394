"""Where a latent's numbers reach the picture before anything is learnt."""

import torch

from server.lab.scenes.latent import group_slices
from server.lab.train.routing import reserve, route
from server.model.progressive import ProgressiveGenerator


def response(generator: ProgressiveGenerator, name: str) -> torch.Tensor:
    """How strongly layer1 answers to the numbers of one group in each cell: (4, 4)."""
    z = torch.zeros(1, 128)
    z[:, group_slices()[name]] = 1.0
    return generator.trunk(z, "layer1").r.square().mean(1)[0]


def test_a_plot_is_felt_around_its_cell_and_nowhere_far() -> None:
    generator = ProgressiveGenerator(128, (64, 8))
    route(generator)
    generator.block("layer1").wscale.b.data.zero_()
    with torch.no_grad():
        near, other = response(generator, "plot10"), response(generator, "plot13")
        light = response(generator, "light")
    assert near.argmax() == 12  # the bottom row's first cell
    assert near[:, 3].max() == 0
    assert near[0].max() == 0
    assert other.argmax() == 15
    assert light.min() > 0.3 * light.max()  # the whole scene is felt everywhere


def test_the_layout_has_its_units() -> None:
    generator = ProgressiveGenerator(128, (8, 8, 20))
    reserve(generator, "layer5", 15, alone=True)
    with torch.no_grad():
        h = generator.trunk(torch.randn(2, 128), "layer5").r
    assert h[:, 15:].abs().max() == 0
    assert h[:, :15].abs().mean() > 0.05


def test_a_sketch_shares_its_layer_with_units_as_faint_as_it_is() -> None:
    generator = ProgressiveGenerator(128, (32, 60))
    reserve(generator, "layer4", 20, alone=False)
    with torch.no_grad():
        h = generator.trunk(torch.randn(8, 128), "layer4").r
    sketch, rest = h[:, :20].square().mean().sqrt(), h[:, 20:].square().mean().sqrt()
    assert 0.4 < float(rest / sketch) < 2.5


def test_plots_of_a_row_start_with_the_same_weights() -> None:
    generator = ProgressiveGenerator(128, (16, 8))
    route(generator)
    slices = group_slices()
    z = torch.randn(9)
    one, other = torch.zeros(1, 128), torch.zeros(1, 128)
    one[0, slices["plot01"]], other[0, slices["plot02"]] = z, z
    with torch.no_grad():
        a, b = generator.trunk(one, "layer1").r, generator.trunk(other, "layer1").r
    assert torch.allclose(a[:, :, :, 0:3], b[:, :, :, 1:4], atol=0.2)


def test_latents_of_another_size_are_left_alone() -> None:
    generator = ProgressiveGenerator(64, (16, 8))
    before = generator.state_dict()["layer1.conv.weight"].clone()
    route(generator)
    assert torch.equal(before, generator.state_dict()["layer1.conv.weight"])
