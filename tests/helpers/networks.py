"""Networks as people write them, each beside the same pass written out by hand, with a place to edit at every layer."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LATENT = 12

Edit = Callable[[str, Tensor], Tensor]  # a layer's name and its output to what goes on from there
ByHand = Callable[[nn.Module, Tensor, Edit], Tensor]


def initialised(network: nn.Module, seed: int = 3) -> nn.Module:
    """With random weights and statistics, so that every part matters."""
    torch.manual_seed(seed)
    for parameter in network.parameters():
        nn.init.normal_(parameter, 0, 0.3)
    for name, buffer in network.named_buffers():
        if name.endswith("running_var"):
            nn.init.uniform_(buffer, 0.5, 2)
        elif name.endswith("running_mean"):
            nn.init.normal_(buffer)
    return network.eval()


class Dcgan(nn.Module):
    """One stack of modules, ReLUs in place, as in the DCGAN tutorial: 32 pixels."""

    def __init__(self, width: int = 8, latent: int = LATENT, stages: int = 3, channels: int = 3) -> None:
        super().__init__()
        units = [width * 2 ** (stages - 1 - i) for i in range(stages)]
        parts: list[nn.Module] = []
        for i, unit in enumerate(units):
            before, geometry = (latent, (4, 1, 0)) if i == 0 else (units[i - 1], (4, 2, 1))
            conv = nn.ConvTranspose2d(before, unit, *geometry, bias=False)
            parts += [conv, nn.BatchNorm2d(unit), nn.ReLU(inplace=True)]
        parts += [nn.ConvTranspose2d(units[-1], channels, 4, 2, 1, bias=False), nn.Tanh()]
        self.main = nn.Sequential(*parts)

    def forward(self, z: Tensor) -> Tensor:
        return self.main(z)


def dcgan(network: nn.Module, z: Tensor, edit: Edit) -> Tensor:
    x = z[:, :, None, None]
    for name, module in network.main.named_children():
        x = edit(f"main.{name}", module(x))
    return x


class Skips(nn.Module):
    """Its own forward with functions between modules, a skip over two scales, and grey images: 32 pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.start = nn.Linear(LATENT, 10 * 4 * 4)
        self.first, self.second = nn.Conv2d(10, 10, 3, 1, 1), nn.Conv2d(10, 9, 3, 1, 1)
        self.norm = nn.InstanceNorm2d(9)
        self.third, self.out = nn.Conv2d(19, 8, 3, 1, 1), nn.Conv2d(8, 1, 3, 1, 1)

    def forward(self, z: Tensor) -> Tensor:
        skip = F.relu(self.start(z).view(-1, 10, 4, 4))
        x = F.interpolate(F.leaky_relu(self.first(skip), 0.2), scale_factor=2)
        x *= 0.5
        x = F.interpolate(self.norm(self.second(x)).relu_(), scale_factor=2)
        x = torch.cat([x, F.interpolate(skip, scale_factor=4)], 1)
        return torch.sigmoid(self.out(F.interpolate(F.relu(self.third(x)), scale_factor=2)))


def skips(network: nn.Module, z: Tensor, edit: Edit) -> Tensor:
    skip = F.relu(network.start(z).view(-1, 10, 4, 4))
    x = F.interpolate(F.leaky_relu(edit("first", network.first(skip)), 0.2), scale_factor=2) * 0.5
    x = F.relu(edit("norm", network.norm(edit("second", network.second(x)))))
    x = torch.cat([F.interpolate(x, scale_factor=2), F.interpolate(skip, scale_factor=4)], 1)
    x = F.relu(edit("third", network.third(x)))
    x = torch.sigmoid(edit("out", network.out(F.interpolate(x, scale_factor=2))))
    return (2 * x - 1).expand(-1, 3, -1, -1)


class Block(nn.Module):
    """A residual block that upsamples, its ReLU in place and called twice."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.relu, self.up = nn.ReLU(inplace=True), nn.Upsample(scale_factor=2)
        self.bn1, self.bn2 = nn.BatchNorm2d(inputs), nn.BatchNorm2d(outputs)
        self.conv1, self.conv2 = nn.Conv2d(inputs, outputs, 3, 1, 1), nn.Conv2d(outputs, outputs, 3, 1, 1)
        self.shortcut = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv1(self.up(self.relu(self.bn1(x))))
        y = self.conv2(self.relu(self.bn2(y)))
        y += self.shortcut(self.up(x))
        return y


class Residual(nn.Module):
    """Residual blocks on featuremaps that are no squares of powers of two, cropped to 40 pixels in the end."""

    def __init__(self) -> None:
        super().__init__()
        self.start = nn.Linear(LATENT, 8 * 5 * 6)
        self.blocks = nn.ModuleList([Block(8, 9), Block(9, 8), Block(8, 8)])
        self.out = nn.Sequential(nn.BatchNorm2d(8), nn.ReLU(True), nn.Conv2d(8, 3, 3, 1, 1))

    def forward(self, z: Tensor) -> Tensor:
        x = self.start(z).reshape(len(z), 8, 5, 6)
        for block in self.blocks:
            x = block(x)
        return torch.tanh(self.out(x[..., 4:44]))


def residual(network: nn.Module, z: Tensor, edit: Edit) -> Tensor:
    def wide(x: Tensor) -> Tensor:
        return F.interpolate(x, scale_factor=2)

    x = network.start(z).reshape(len(z), 8, 5, 6)
    for i, b in enumerate(network.blocks):

        def at(name: str, y: Tensor, i: int = i) -> Tensor:
            return edit(f"blocks.{i}.{name}", y)

        y = at("conv1", b.conv1(wide(F.relu(at("bn1", b.bn1(x))))))
        y = at("conv2", b.conv2(F.relu(at("bn2", b.bn2(y)))))
        x = edit(f"blocks.{i}", y + at("shortcut", b.shortcut(wide(x))))
    x = edit("out.1", F.relu(edit("out.0", network.out[0](x[..., 4:44]))))
    return torch.tanh(edit("out", edit("out.2", network.out[2](x))))


class Down(nn.Module):
    """One level of a U-Net, as pix2pix nests them: its first activation writes to what its caller keeps for later."""

    def __init__(self, outer: int, inner: int, inside: nn.Module | None) -> None:
        super().__init__()
        middle = [] if inside is None else [inside]
        self.model = nn.Sequential(
            nn.LeakyReLU(0.2, True),
            nn.Conv2d(outer, inner, 4, 2, 1),
            *middle,
            nn.ReLU(True),
            nn.ConvTranspose2d(inner if inside is None else 2 * inner, outer, 4, 2, 1),
            nn.InstanceNorm2d(outer),
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, self.model(x)], 1)


class Unet(nn.Module):
    """A latent as a picture of 32 pixels, down and up again."""

    def __init__(self) -> None:
        super().__init__()
        self.start = nn.Linear(LATENT, 4 * 32 * 32)
        self.levels = Down(4, 8, Down(8, 10, Down(10, 12, None)))
        self.out = nn.Conv2d(8, 3, 3, 1, 1)

    def forward(self, z: Tensor) -> Tensor:
        return self.out(self.levels(self.start(z).view(-1, 4, 32, 32)))


def unet(network: nn.Module, z: Tensor, edit: Edit) -> Tensor:
    def level(down: nn.Module, x: Tensor, name: str) -> Tensor:
        inside = "2.model" if len(down.model) == 6 else ""
        x = F.leaky_relu(x, 0.2)
        y = edit(f"{name}.1", down.model[1](edit(f"{name}.0", x)))
        rest = list(range(2, len(down.model)))
        if inside:
            y = edit(f"{name}.2", level(down.model[2], y, f"{name}.2.model"))
            rest = rest[1:]
        relu, conv, norm = rest
        y = edit(f"{name}.{conv}", down.model[conv](edit(f"{name}.{relu}", F.relu(y))))
        y = edit(name, edit(f"{name}.{norm}", down.model[norm](y)))
        return torch.cat([x, y], 1)

    x = network.start(z).view(-1, 4, 32, 32)
    y = level(network.levels, x, "levels.model")
    return network.out(edit("levels", y))


class Mlp(nn.Module):
    """(N, latent) through linear layers and a reshape: 16 pixels, 0..255."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(LATENT, 20), nn.ReLU(True), nn.Linear(20, 8 * 8 * 8), nn.Unflatten(1, (8, 8, 8))
        )
        self.out = nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(8, 3, 1), nn.Sigmoid())

    def forward(self, z: Tensor) -> Tensor:
        return self.out(self.body(z)) * 255


def mlp(network: nn.Module, z: Tensor, edit: Edit) -> Tensor:
    x = edit("body", edit("body.3", network.body[2](F.relu(network.body[0](z))).view(-1, 8, 8, 8)))
    x = edit("out.0", F.interpolate(x, scale_factor=2))
    return 2 * edit("out", edit("out.2", torch.sigmoid(edit("out.1", network.out[1](x))))) - 1


class Noise(nn.Module):
    """Adds noise of its own, as StyleGANs do."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.scale * torch.randn(len(x), 1, *x.shape[2:])


class Noisy(nn.Module):
    """Draws random numbers in modules and between them; hands tuples and dicts of tensors on; 16 pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.mapping = Mapping()
        self.conv1, self.noise1 = nn.Conv2d(8, 8, 3, 1, 1), Noise()
        self.conv2, self.noise2 = nn.Conv2d(8, 8, 3, 1, 1), Noise()
        self.out = nn.Conv2d(8, 3, 1)

    def forward(self, z: Tensor) -> dict[str, Tensor]:
        start, style = self.mapping(z)
        x = self.noise1(self.conv1(start)) * style["scale"]
        x = x + 0.1 * torch.randn_like(x)
        x = self.noise2(self.conv2(F.interpolate(x, scale_factor=2))) + style["shift"]
        return {"image": self.out(F.interpolate(x, scale_factor=2)), "style": style["scale"]}


class Mapping(nn.Module):
    """A latent to a start and a style."""

    def __init__(self) -> None:
        super().__init__()
        self.start, self.style = nn.Linear(LATENT, 8 * 16), nn.Linear(LATENT, 16)

    def forward(self, z: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        scale, shift = self.style(z)[:, :, None, None].chunk(2, 1)
        return self.start(z).view(-1, 8, 4, 4), {"scale": scale, "shift": shift}


class Positioned(nn.Module):
    """A module's output without a batch in front is read behind the layers: runs as a whole."""

    def __init__(self) -> None:
        super().__init__()
        self.grid = Grid()
        self.start = nn.Linear(LATENT, 8 * 16)
        self.conv1, self.conv2 = nn.Conv2d(8, 8, 3, 1, 1), nn.Conv2d(8, 8, 3, 1, 1)
        self.out = nn.Conv2d(8, 3, 1)

    def forward(self, z: Tensor) -> Tensor:
        where = self.grid(4)
        x = F.relu(self.conv1(self.start(z).view(-1, 8, 4, 4)))
        y = F.relu(self.conv2(x * where))
        return self.out(F.interpolate(x + y + where, scale_factor=4))


class Grid(nn.Module):
    """Coordinates."""

    def forward(self, size: int) -> Tensor:
        return torch.linspace(-1, 1, size * size).view(1, 1, size, size)


def positioned(network: nn.Module, z: Tensor, edit: Edit) -> Tensor:
    where = torch.linspace(-1, 1, 16).view(1, 1, 4, 4)
    x = F.relu(edit("conv1", network.conv1(network.start(z).view(-1, 8, 4, 4))))
    y = F.relu(edit("conv2", network.conv2(x * where)))
    return network.out(F.interpolate(x + y + where, scale_factor=4))


# name: the network, the range of its images, and the pass by hand
NETWORKS: dict[str, tuple[Callable[[], nn.Module], tuple[float, float], ByHand]] = {
    "dcgan": (Dcgan, (-1, 1), dcgan),
    "skips": (Skips, (0, 1), skips),
    "residual": (Residual, (-1, 1), residual),
    "unet": (Unet, (-1, 1), unet),
    "mlp": (Mlp, (0, 255), mlp),
    "positioned": (Positioned, (-1, 1), positioned),
}
