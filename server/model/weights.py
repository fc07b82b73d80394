"""Reads generators from `.safetensors` files and from state dicts as torch saves them, and nothing else.

The family follows from the names and shapes: `stylegan2_layouts` has those of StyleGAN2, `decided` those of generators
that decide and then draw. The published format of Progressive GANs (GAN Dissection, Bau et al., ICLR 2019) is a state
dict, or a dict whose `state_dict` key holds one. Three spellings of its names are in use:

    layer{1..n}.conv.weight     layer{i}.wscale.b       output_{R}x{R}.conv.weight   output_{R}x{R}.wscale.b
    features.{0..n-1}.conv...   features.{i}.wscale.b   output.conv.weight           output.wscale.b
    layer{0..n-1}.conv...       layer{i}.wscale.bias    output{k}.conv.weight        output{k}.wscale.bias,
    and a `lod`

A checkpoint of one's own may hold that below the names of `WRAPPERS`, as dicts in dicts or as prefixes of the names.
Widths are read off the weights: they differ between published files.
"""

from __future__ import annotations

import pickle
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from server.errors import WeightError
from server.files import file_sha256, is_lfs_pointer, unpacked_bytes
from server.model.decided import DecidedGenerator, is_decided, read_decided
from server.model.progressive import ProgressiveGenerator
from server.model.stylegan2 import StyleGAN2Generator
from server.model.stylegan2_layouts import is_stylegan2, read_stylegan2
from server.results.reading import reason

MAX_BYTES = 2**30
MAX_LAYERS = 20
MAX_UNITS = 8192
MAX_FEATURES = 2**27  # numbers in one layer's featuremaps: 128 units at 1024 pixels
PREFIX = 8  # hex digits of a published file's SHA-256 in its name

# Below which checkpoints keep a generator: moving averages first, then what a checkpoint has of several networks, then
# what has one. The last two are of wrapped modules.
WRAPPERS = (
    *("averaged", "g_ema", "G_ema", "ema_G", "generator_ema", "netG_ema", "Gs", "params_ema", "ema"),
    *("g_ema_state_dict", "G_ema_state_dict", "netG_ema_state_dict", "generator_ema_state_dict", "Gs_state_dict"),
    *("state_dict_ema", "ema_state_dict", "model_ema", "ema_model", "params_ema_g", "g_running", "G_running", "avgG"),
    *("generator", "netG", "G", "g", "gen", "net_G", "net_g", "model_G", "generator_model"),
    *("generator_state_dict", "netG_state_dict", "G_state_dict", "g_state_dict", "gen_state_dict", "state_dict_G"),
    *("model_state_dict", "state_dict", "model", "params", "weights", "net", "network", "module", "_orig_mod"),
)
MAX_DEPTH = 6
BESIDE = "latent_avg"  # stands beside a generator in a checkpoint, and belongs to it

_PUBLISHED_NAME = re.compile(rf"proggan_.*-([0-9a-f]{{{PREFIX}}})\.pth")
_ENTRY = re.compile(
    r"(?:(?:layer|features\.)(?P<layer>\d{1,3})|output(?:_(?P<side>\d{1,5})x\d{1,5}|(?P<place>\d{1,3}))?)"
    r"\.(?P<part>conv\.weight|wscale\.b|wscale\.bias)"
)

KnownGenerator = ProgressiveGenerator | StyleGAN2Generator | DecidedGenerator
Blocks = dict[int, tuple[Tensor, Tensor]]  # (weight, bias) by a layer's number, or an output's size or number


def load_generator(path: Path, sha256: str | None = None, truncation: float = 1.0) -> KnownGenerator:
    """Read a generator in float32, in evaluation mode and without gradients.

    sha256: the file's SHA-256 or the first 8 or more hex digits of it, checked before anything is read; by
    default the digits in a published file's name. truncation: of a StyleGAN2's w, 0..1. Raises WeightError, with one
    line, for a file that is missing, damaged, truncated, not finite, too large, of other shapes, or that holds other
    objects than tensors.
    """
    path = Path(path)
    try:
        _check_file(path, sha256)
        generator = _build(_without_prefixes(_read(path)), truncation)
        for layer in generator.layers:
            if layer.units * layer.height * layer.width > MAX_FEATURES:
                raise WeightError(f"{layer.units} units of {layer.height} pixels are more than any known generator has")
        return generator
    except WeightError as error:
        raise WeightError(f"{path.name}: {error.detail}") from error


def load_tensors(path: Path, sha256: str | None = None) -> dict[str, Tensor]:
    """The tensors of any state dict, by their names below those of WRAPPERS; sha256 as above. Raises WeightError."""
    try:
        _check_file(path, sha256)
        return _read(path)
    except WeightError as error:
        raise WeightError(f"{path.name}: {error.detail}") from error


def _check_file(path: Path, sha256: str | None) -> None:
    if is_lfs_pointer(path):
        raise WeightError("a Git LFS pointer, not the weights themselves; run `git lfs pull`")
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise WeightError(f"{size} bytes is more than a generator needs (at most {MAX_BYTES})")
        published = _PUBLISHED_NAME.fullmatch(path.name)
        expected = sha256 or (published[1] if published else None)
        if expected is not None:
            actual = file_sha256(path)
            if len(expected) < PREFIX or not actual.startswith(expected.lower()):
                raise WeightError(
                    f"the SHA-256 is {actual[: len(expected)]}, expected {expected}; "
                    "the file is damaged or another one, fetch it again"
                )
    except OSError as error:
        raise WeightError(error.strerror or str(error)) from error


def _read(path: Path) -> dict[str, Tensor]:
    """All tensors by name, whatever their names."""
    try:
        if path.suffix.lower() == ".safetensors":
            return load_file(str(path))
        if zipfile.is_zipfile(path) and unpacked_bytes(path) > MAX_BYTES:
            raise WeightError(f"unpacks to more bytes than a generator needs (at most {MAX_BYTES})")
        loaded: object = torch.load(path, map_location="cpu", weights_only=True)
    except WeightError:
        raise
    except SafetensorError as error:
        raise WeightError(f"damaged or no safetensors file ({reason(error)})") from error
    except pickle.UnpicklingError as error:
        raise WeightError(
            "holds pickled objects other than tensors, or is damaged; where it was made, save the weights alone: "
            "torch.save(generator.state_dict(), 'generator.pt')"
        ) from error
    except Exception as error:  # a damaged archive can raise nearly anything
        raise WeightError(f"damaged or truncated ({reason(error)})") from error
    if not isinstance(loaded, Mapping):
        raise WeightError("holds no state dict")
    return dict(_tensors(loaded))


def _tensors(loaded: Mapping[object, object], prefix: str = "", depth: int = 0) -> Iterator[tuple[str, Tensor]]:
    """The tensors of a checkpoint; one in a dict below a name of WRAPPERS has that and a dot before its own name."""
    for name, value in loaded.items():
        if isinstance(name, str) and isinstance(value, Tensor):
            yield prefix + name, value
        elif name in WRAPPERS and isinstance(value, Mapping) and depth < MAX_DEPTH:
            yield from _tensors(value, f"{prefix}{name}.", depth + 1)


def _without_prefixes(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Tensors whose names begin with one of WRAPPERS and a dot, without that, and only they, and BESIDE; all where none
    do."""
    for _ in range(MAX_DEPTH):
        prefix = next((f"{w}." for w in WRAPPERS if any(name.startswith(f"{w}.") for name in tensors)), None)
        if prefix is None:
            break
        within = {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}
        tensors = {**{name: t for name, t in tensors.items() if name == BESIDE}, **within}
    return tensors


def _build(weights: Mapping[str, Tensor], truncation: float) -> KnownGenerator:
    # A tensor may repeat one number without storing it, so the file's size says little.
    if sum(tensor.numel() for tensor in weights.values()) * 4 > MAX_BYTES:
        raise WeightError(f"holds more numbers than a generator needs (at most {MAX_BYTES // 4})")
    if is_stylegan2(weights):
        return read_stylegan2({name: _float32(name, tensor) for name, tensor in weights.items()}, truncation)
    if truncation != 1:
        raise WeightError("this generator has no w to truncate; leave out the card's truncation")
    if is_decided({name: tuple(tensor.shape) for name, tensor in weights.items()}):
        generator = read_decided({name: _float32(name, tensor) for name, tensor in weights.items()})
        return generator.eval().requires_grad_(False)
    return _progressive(weights)


def _progressive(weights: Mapping[str, Tensor]) -> ProgressiveGenerator:
    layers, outputs = _sort(weights)
    if not layers or not outputs:
        raise WeightError("no Progressive GAN generator: it has no layers or no output")
    first = min(layers)
    if sorted(layers) != list(range(first, first + len(layers))) or first > 1:
        raise WeightError(f"layers are missing: there are {', '.join(str(i) for i in sorted(layers))}")
    if len(layers) > MAX_LAYERS:
        raise WeightError(f"{len(layers)} layers are more than the {MAX_LAYERS} of the largest known generator")
    # Other lineages keep the output of every resolution they grew through; the last one is in use.
    blocks = [layers[i] for i in sorted(layers)] + [outputs[max(outputs)]]
    widths = _check_shapes(blocks)
    with torch.device("meta"):
        generator = ProgressiveGenerator(widths[0], widths[1:-1], per_layer=True)
    side = max(outputs)
    if len(outputs) == 1 and side >= 4 and side != generator.resolution:
        raise WeightError(f"the output is for {side} pixels; {len(layers)} layers make {generator.resolution}")
    names = [layer.name for layer in generator.layers] + [generator.output_name]
    state: dict[str, Tensor] = {}
    for name, (weight, bias) in zip(names, blocks, strict=True):
        state[f"{name}.conv.weight"] = weight
        state[f"{name}.wscale.b"] = bias
    generator.load_state_dict(state, assign=True)
    generator.eval().requires_grad_(False)
    return generator


def _sort(weights: Mapping[str, Tensor]) -> tuple[Blocks, Blocks]:
    """The layers by number, and the outputs by resolution or number."""
    parts: dict[tuple[str, int], dict[str, Tensor]] = {}
    for name, tensor in weights.items():
        if name == "lod":
            continue
        match = _ENTRY.fullmatch(name)
        if match is None:
            raise WeightError(f"{name[:60]!r} is no part of a Progressive GAN generator")
        kind = "output" if match["layer"] is None else "layer"
        block = parts.setdefault((kind, int(match["layer"] or match["side"] or match["place"] or 0)), {})
        part = "weight" if match["part"] == "conv.weight" else "bias"
        if part in block:
            raise WeightError(f"{name} stands twice, in two spellings")
        block[part] = _float32(name, tensor)
    blocks: dict[str, Blocks] = {"layer": {}, "output": {}}
    for (kind, number), block in parts.items():
        if len(block) != 2:
            raise WeightError(f"{kind} {number} has no {'bias' if 'weight' in block else 'weight'}")
        blocks[kind][number] = (block["weight"], block["bias"])
    return blocks["layer"], blocks["output"]


def _float32(name: str, tensor: Tensor) -> Tensor:
    if tensor.layout != torch.strided or not tensor.is_floating_point() or tensor.is_meta:
        raise WeightError(f"{name} is not a plain tensor of floats")
    converted = tensor.detach().to(torch.float32).contiguous()
    if not bool(torch.isfinite(converted).all()):
        raise WeightError(f"{name} holds numbers that are not finite")
    return converted


def _check_shapes(blocks: list[tuple[Tensor, Tensor]]) -> list[int]:
    """Units in front of the first block and behind each: n + 2 numbers for n layers. Raises WeightError."""
    widths = [int(blocks[0][0].shape[1]) if blocks[0][0].ndim == 4 else 0]
    for i, (weight, bias) in enumerate(blocks):
        last = i == len(blocks) - 1
        what = "the output" if last else f"layer {i + 1}"
        k = 4 if i == 0 else 1 if last else 3
        outputs = 3 if last else int(weight.shape[0]) if weight.ndim else 0
        if tuple(weight.shape) != (outputs, widths[-1], k, k) or not 0 < outputs <= MAX_UNITS or not widths[-1]:
            raise WeightError(
                f"{what} has a kernel of shape {tuple(weight.shape)}, "
                f"expected (units, {widths[-1] or 'units'}, {k}, {k})"
            )
        if tuple(bias.shape) != (outputs,):
            raise WeightError(f"{what} has a bias of shape {tuple(bias.shape)}, expected ({outputs},)")
        widths.append(outputs)
    return widths
