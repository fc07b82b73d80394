"""A network of one's own: an edit equals a pass by hand, computes nothing before its layer, and writes to nothing."""

from __future__ import annotations

import copy
from concurrent.futures import ThreadPoolExecutor
from types import MethodType

import pytest
import torch
from torch import Tensor, nn

from server.errors import UnknownLayer, WeightError
from server.model.generator import Activations
from server.model.hooked import HookedGenerator
from tests.helpers import wide
from tests.helpers.networks import LATENT, ByHand, Dcgan, Mapping, Noisy, initialised
from tests.helpers.networks import NETWORKS as SQUARE

NETWORKS = {**SQUARE, "wide": (wide.Wide, (-1, 1), wide.by_hand)}


def hooked(name: str) -> tuple[HookedGenerator, nn.Module, ByHand]:
    """A generator with all the layers it could have, a copy of its network as it was, and the pass by hand."""
    make, (low, high), by_hand = NETWORKS[name]
    network = initialised(make())
    untouched = copy.deepcopy(network)
    generator = HookedGenerator(network, LATENT, None, low, high)
    every = [layer.name for layer in generator.candidates]
    return HookedGenerator(copy.deepcopy(untouched), LATENT, every, low, high), untouched, by_hand


def changed(r: Tensor) -> Tensor:
    """An edit: every other unit at a level."""
    r = r.clone()
    r[:, ::2] = 0.7
    return r


def close(actual: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(actual, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", NETWORKS)
def test_an_edit_equals_a_pass_by_hand_at_every_layer(name: str) -> None:
    generator, network, by_hand = hooked(name)
    z = torch.randn(3, LATENT)
    seen: list[str] = []

    def look(layer: str, x: Tensor) -> Tensor:
        seen.append(layer)
        return x

    close(generator(z), by_hand(network, z, look))
    assert [layer.name for layer in generator.layers] == [layer for layer in seen if layer != "main.10"]  # the image
    for layer in generator.layers:
        a = generator.trunk(z, layer.name)
        assert a.r.shape == (3, layer.units, layer.height, layer.width)
        kept = copy.deepcopy(a)
        expected = by_hand(network, z, lambda n, x, at=layer.name: changed(x) if n == at else x)
        for _ in range(2):
            close(generator.tail(a, layer.name), by_hand(network, z, look))
            close(generator.tail(a.edited(changed(a.r)), layer.name), expected)
        for tensor, before in zip((a.r, *a.beside), (kept.r, *kept.beside), strict=True):
            assert torch.equal(tensor, before), "what was kept is as it was"


@pytest.mark.parametrize("name", NETWORKS)
def test_edits_of_two_layers_equal_a_pass_by_hand(name: str) -> None:
    generator, network, by_hand = hooked(name)
    z = torch.randn(2, LATENT)
    names = [layer.name for layer in generator.layers]
    for i, first in enumerate(names):
        for second in names[i + 1 :]:
            a = generator.trunk(z, first)
            a = generator.advance(a.edited(changed(a.r)), first, second)
            image = generator.tail(a.edited(changed(a.r)), second)
            close(image, by_hand(network, z, lambda n, x, on=(first, second): changed(x) if n in on else x))


@pytest.mark.parametrize("name", NETWORKS)
def test_some_of_the_pictures_go_on_by_themselves(name: str) -> None:
    generator, _, _ = hooked(name)
    z = torch.randn(4, LATENT)
    whole = generator(z)
    for layer in generator.layers:
        a = generator.trunk(z, layer.name)
        close(generator.tail(a[1:2], layer.name), whole[1:2])
        close(generator.tail(a[torch.tensor([3, 0])], layer.name), whole[[3, 0]])


@pytest.mark.parametrize("name", NETWORKS)
def test_gradients_reach_the_featuremaps(name: str) -> None:
    generator, _, _ = hooked(name)
    with torch.inference_mode():
        cached = {
            layer.name: generator.frozen().trunk(torch.randn(2, LATENT), layer.name) for layer in generator.layers
        }
    for layer, a in cached.items():
        r = a.r.clone().requires_grad_()
        beside = tuple(tensor.clone() for tensor in a.beside)
        image = generator.tail(Activations(r, beside), layer)
        (gradient,) = torch.autograd.grad(image.sum(), r)
        assert bool(gradient.abs().sum() > 0), layer


@pytest.mark.parametrize("name", sorted(set(NETWORKS) - {"positioned"}))
def test_nothing_before_the_layer_is_computed_again(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    generator, _, _ = hooked(name)
    assert not generator.whole
    convolutions: list[int] = []
    for number, module in enumerate(generator.network.modules()):
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            module.__dict__["forward"].__wrapped__ = counted(
                module.__dict__["forward"].__wrapped__, convolutions, number
            )
    z = torch.randn(1, LATENT)
    generator(z)
    every = list(convolutions)
    for layer in generator.layers:
        convolutions.clear()
        a = generator.trunk(z, layer.name)
        before = list(convolutions)
        convolutions.clear()
        generator.tail(a, layer.name)
        assert sorted(before + convolutions) == sorted(every), f"each once, in the trunk or in the tail: {layer.name}"


def counted(forward, seen, number):  # type: ignore[no-untyped-def]
    def run(*args: Tensor) -> Tensor:
        seen.append(number)
        return forward(*args)

    return run


def test_a_stack_begins_behind_the_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    generator, _, _ = hooked("dcgan")
    called: list[str] = []
    for name, module in generator.network.main.named_children():
        call = module.__dict__["forward"]
        monkeypatch.setattr(type(call), "__call__", _telling(called, type(call).__call__)) if name == "0" else None
        call.name = name
    a = generator.trunk(torch.randn(1, LATENT), "main.5")
    called.clear()
    generator.tail(a, "main.5")
    assert called == [str(i) for i in range(6, 11)]


def _telling(called, own):  # type: ignore[no-untyped-def]
    def run(call, *args):  # type: ignore[no-untyped-def]
        if hasattr(call, "name"):
            called.append(call.name)
        return own(call, *args)

    return run


@pytest.mark.parametrize("kind", ["hook", "twice", "forward"])
def test_a_stack_that_does_more_than_hand_on_runs_whole(kind: str) -> None:
    """What a hook makes of an output counts, how often a module was called before, and a forward of one's own."""

    def halved(module: nn.Sequential, x: Tensor) -> Tensor:
        return nn.Sequential.forward(module, x) * 0.5

    class Own(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            same = nn.Conv2d(8, 8, 3, 1, 1)
            parts = [nn.Unflatten(1, (8, 4, 4)), same, nn.Tanh(), same if kind == "twice" else nn.Conv2d(8, 8, 3, 1, 1)]
            self.start, self.main = nn.Linear(LATENT, 128), nn.Sequential(*parts, nn.Upsample(scale_factor=4))
            self.out = nn.Conv2d(8, 3, 1)
            if kind == "hook":
                self.main[2].register_forward_hook(lambda module, args, output: output * 0.5)
            if kind == "forward":
                self.main.forward = MethodType(halved, self.main)  # type: ignore[method-assign]

        def forward(self, z: Tensor) -> Tensor:
            return self.out(self.main(self.start(z)))

    network = initialised(Own())
    untouched = copy.deepcopy(network)
    generator = HookedGenerator(network, LATENT, ["main.2"])
    z = torch.randn(2, LATENT)
    a = generator.trunk(z, "main.2")
    close(generator.tail(a, "main.2"), untouched(z))
    r, parts = changed(a.r), untouched.main
    x = parts[4](parts[3](r * 0.5 if kind == "hook" else r))
    close(generator.tail(a.edited(r), "main.2"), untouched.out(x * 0.5 if kind == "forward" else x))


def test_layers_are_what_one_call_returns_as_featuremaps() -> None:
    """Not what is called twice, nor the image, nor what is no featuremap."""
    generator, _, _ = hooked("residual")
    names = {layer.name for layer in generator.candidates}
    assert "blocks.0.relu" not in names
    assert "blocks.0.up" not in names
    assert "start" not in names
    assert {(x.height, x.width) for x in generator.layers if x.name == "blocks.1.bn1"} == {(10, 12)}


def test_usual_layers_are_the_ends_of_blocks() -> None:
    network = initialised(Dcgan())
    generator = HookedGenerator(network, LATENT)
    assert [(x.name, x.units, x.height, x.width) for x in generator.layers] == [
        ("main.2", 32, 4, 4),
        ("main.5", 16, 8, 8),
        ("main.8", 8, 16, 16),
    ]
    assert len(generator.candidates) == 10
    chosen = HookedGenerator(initialised(Dcgan()), LATENT, ["main.7", "main.1"])
    assert [layer.name for layer in chosen.layers] == ["main.1", "main.7"]
    with pytest.raises(WeightError, match=r"no layer 'main\.9x'; there are main\.0, main\.1"):
        HookedGenerator(initialised(Dcgan()), LATENT, ["main.9x"])
    with pytest.raises(UnknownLayer, match=r"main\.2 to main\.8"):
        generator.trunk(torch.randn(1, LATENT), "main.0")


def test_a_network_that_draws_random_numbers_draws_the_same_ones() -> None:
    def draw(z: Tensor, layer: str) -> Tensor:
        return generator.tail(generator.trunk(z, layer), layer)

    generator = HookedGenerator(initialised(Noisy()), LATENT, ["conv1", "noise1", "conv2"])
    assert not generator.whole
    z = torch.randn(3, LATENT)
    whole = generator(z)
    before = torch.get_rng_state()
    for layer in generator.layers:
        assert torch.equal(draw(z, layer.name), whole)
        assert torch.equal(draw(z[1:2], layer.name), whole[1:2]), "alone as among others"
        a = generator.advance(generator.trunk(z, "conv1"), "conv1", layer.name)
        assert torch.equal(generator.tail(a, layer.name), whole)
    assert torch.equal(torch.get_rng_state(), before), "nobody else's numbers are used up"
    assert not torch.equal(
        generator.network.noise1(torch.zeros(1, 8, 4, 4)), generator.network.noise1(torch.zeros(1, 8, 4, 4))
    )


@pytest.mark.parametrize("name", [*NETWORKS, "noisy"])
def test_threads_draw_what_one_after_another_does(name: str) -> None:
    generator = HookedGenerator(initialised(Noisy()), LATENT) if name == "noisy" else hooked(name)[0]
    latents = torch.randn(16, 1, LATENT)
    names = [layer.name for layer in generator.layers]

    def paint(i: int) -> Tensor:
        first, second = names[i % len(names)], names[-1]
        with torch.inference_mode():
            a = generator.trunk(latents[i], first)
            a = generator.advance(a.edited(changed(a.r)), first, second)
            return generator.tail(a, second)

    expected = [paint(i) for i in range(len(latents))]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(3):
            for image, one in zip(pool.map(paint, range(len(latents))), expected, strict=True):
                assert torch.equal(image, one)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_frozen_copy_draws_the_same_and_shares_nothing(name: str) -> None:
    generator, _, _ = hooked(name)
    z = torch.randn(1, LATENT)
    frozen, low = generator.frozen(), generator.frozen(torch.bfloat16)
    expected = generator(z)
    for parameter in generator.parameters():
        parameter.data.zero_()
    for layer in generator.layers:
        close(frozen.tail(frozen.trunk(z, layer.name), layer.name), expected)
        draft = low.tail(low.trunk(z, layer.name), layer.name)
        assert float((draft - expected).clamp(-1, 1).abs().mean()) < 0.1


def test_a_network_that_is_no_good_in_bfloat16_is_frozen_in_float32() -> None:
    class Picky(Dcgan):
        def forward(self, z: Tensor) -> Tensor:
            return super().forward(z) + torch.linalg.inv(torch.eye(3, dtype=z.dtype)).sum() * 0

    frozen = HookedGenerator(initialised(Picky()), LATENT).frozen(torch.bfloat16)
    assert frozen.trunk(torch.randn(1, LATENT), "main.2").r.dtype == torch.float32


@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")
def test_a_scripted_part_is_one_module() -> None:
    class Part(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.start = Mapping()
            self.scripted = torch.jit.script(nn.Sequential(nn.Conv2d(8, 8, 3, 1, 1), nn.ReLU()))
            self.out = nn.Conv2d(8, 3, 1)

        def forward(self, z: Tensor) -> Tensor:
            x, _ = self.start(z)
            return self.out(nn.functional.interpolate(self.scripted(x), scale_factor=4))

    generator = HookedGenerator(initialised(Part()), LATENT)
    assert [layer.name for layer in generator.candidates] == ["scripted"]
    z = torch.randn(1, LATENT)
    close(generator.frozen()(z), generator(z))
    with pytest.raises(WeightError, match="no module of the network returns featuremaps"):
        HookedGenerator(torch.jit.script(initialised(Dcgan())), LATENT)


def test_images_need_not_be_square() -> None:
    generator = HookedGenerator(wide.wide(), LATENT)
    assert (generator.size, generator.resolution, generator.aspect) == (wide.SIZE, 80, 80 / 48)
    # From four cells to half of the image on either side.
    assert [(x.name, x.height, x.width) for x in generator.layers] == [("middle", 12, 20), ("last", 24, 40)]


class Conditional(Dcgan):
    def forward(self, z: Tensor, label: Tensor) -> Tensor:
        return super().forward(z)


@pytest.mark.parametrize(
    ("network", "latent", "complaint"),
    [
        (Conditional(), LATENT, "takes no latents of 12 numbers: .*label"),
        (Dcgan(), 100, "takes no latents of 100 numbers"),
        (Dcgan(channels=4), LATENT, r"returns \(2, 4, 32, 32\) for 2 latents"),
        (nn.Linear(LATENT, 3), LATENT, r"returns \(2, 3\) for 2 latents"),
        (nn.Sequential(nn.Linear(LATENT, 3 * 64), nn.Unflatten(1, (3, 8, 8))), LATENT, "no module of the network"),
    ],
)
def test_networks_that_cannot_be_painted_with_are_refused_in_one_line(
    network: nn.Module, latent: int, complaint: str
) -> None:
    with pytest.raises(WeightError, match=complaint) as error:
        HookedGenerator(network, latent)
    assert "\n" not in str(error.value)
