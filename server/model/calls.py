"""The calls of a network's modules, observed and answered while its own code runs, in any number of threads at once.

    prepare(network)                               # once, before any thread uses it
    run = Run({path: output}, stop=other)          # the call `path` answers `output` and computes nothing,
    x = run.through(network, z)                    # and the code runs until the call `other` has returned

As a tracing tool that edits and stops would have it (the idea of baukit's `TraceDict`), but nothing is registered or
taken off while the network runs: `prepare` puts a `Call` before the `forward` of every module, and a call asks the run
of its own thread what to do. Without one it computes as ever.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

# A call by its callers: from the outermost inwards, the number of the module among the network's, and how often that
# caller had called it before.
Path = tuple[tuple[int, int], ...]
Seen = Callable[[Path, object], None]


# By caller: how many of its calls answer, the first ones in a row, and the last of those.
Ahead = Mapping[Path, tuple[int, Path]]

NONE_AHEAD: Ahead = MappingProxyType({})
_UNKNOWN = object()


class _Thread(threading.local):
    run: Run | None = None


_thread = _Thread()


class _Stopped(BaseException):
    """Leaves a network's code where a run stops; no Exception, so that the code does not catch it."""


class Call:
    """A module's own `forward` behind the run of this thread. number: of the module among the network's. stack: the
    modules that it hands its input through one after another; none where it may do anything else.
    """

    def __init__(self, forward: Callable[..., Any], number: int, stack: Sequence[nn.Module] = ()) -> None:
        self.__wrapped__, self.number = forward, number  # `inspect.signature` knows the first by that name
        self.stack = stack

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the module returns, or what the run has in its place."""
        run = _thread.run
        return self.__wrapped__(*args, **kwargs) if run is None else run.call(self, args, kwargs)


def prepare(network: nn.Module) -> dict[int, str]:
    """Put a `Call` before every module's `forward`, but for the network's own. Returns their names by their numbers.

    What is below a TorchScript module runs outside Python, and has no calls.
    """
    names: dict[int, str] = {}
    scripted: list[str] = []
    for number, (name, module) in enumerate(network.named_modules()):
        if number and not any(name.startswith(f"{outer}.") for outer in scripted):
            forward = module.__dict__.get("forward", module.forward)
            own = forward.__wrapped__ if isinstance(forward, Call) else forward  # of a copy of a prepared network
            module.__dict__["forward"] = Call(own, number, _stack(module, own))
            names[number] = name
        if isinstance(module, torch.jit.ScriptModule):
            scripted.append(name)
    return names


def _stack(module: nn.Module, forward: object) -> Sequence[nn.Module]:
    """What a plain `nn.Sequential` runs; nothing of another module, or of one that runs a module twice, or where a hook
    minds that a module was called. forward: the module's own."""
    if type(module) is not nn.Sequential or getattr(forward, "__func__", None) is not nn.Sequential.forward:
        return ()
    parts = tuple(module)
    hooked = any(part._forward_hooks or part._forward_pre_hooks for part in parts)
    return () if hooked or len(set(parts)) < len(parts) else parts


class Run:
    """One run of a prepared network by one thread.

    given: outputs of calls that answer them and compute nothing; or, `computing`, compute all the same, for what they
    write elsewhere. stop: the call that the run ends with. seen: told calls that have returned, with their outputs.
    follow: the calls within which others are told and answered, see `callers`; None for every one. seeded: the random
    numbers that a module draws are the same in every run, however much of the network runs. ahead: callers whose first
    calls answer: where that is a stack of modules, it begins behind them.
    """

    def __init__(
        self,
        given: Mapping[Path, object],
        stop: Path | None = None,
        seen: Seen | None = None,
        follow: frozenset[Path] | None = None,
        seeded: bool = False,
        computing: bool = False,
        ahead: Ahead = NONE_AHEAD,
    ) -> None:
        self._ahead = ahead
        self.given, self.stop, self.seen, self._seeded, self._computing = given, stop, seen, seeded, computing
        self._follow = follow
        # Where nothing is to be seen any more after the last answer, the rest runs as if there were no run.
        self._left = -1 if stop or seen or seeded else len(given)
        self._path: Path | None = ()  # of the call that runs now, None inside one that is not followed
        self._counts: dict[int, int] = {}  # of calls by it
        self.output: Any = None

    def through(self, network: nn.Module, z: Tensor) -> Any:
        """The network's output, or that of the call `stop`."""
        outer, _thread.run = _thread.run, self
        try:
            return network(z)
        except _Stopped:
            return self.output
        finally:
            _thread.run = outer

    def call(self, call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What the call returns. Raises _Stopped behind the last one."""
        if self._seeded:
            torch.manual_seed(2 * call.number)
        output = call.__wrapped__(*args, **kwargs) if self._path is None else self._followed(call, args, kwargs)
        if self._seeded:
            torch.manual_seed(2 * call.number + 1)
        return output

    def _followed(self, call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        assert self._path is not None
        before = self._counts.get(call.number, 0)
        self._counts[call.number] = before + 1
        path = (*self._path, (call.number, before))
        output = self.given.get(path, _UNKNOWN)
        if output is _UNKNOWN:
            output = self._compute(path, call, args, kwargs)
        else:
            if self._computing:
                self._compute(path, call, args, kwargs)
            self._left -= 1
            if not self._left:
                _thread.run = None
        if self.seen is not None:
            self.seen(path, output)
        if path == self.stop:
            self.output = output
            raise _Stopped
        return output

    def _compute(self, path: Path, call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        outer = self._path, self._counts
        follow = self._follow is None or path in self._follow
        self._path, self._counts = (path if follow else None), {}
        try:
            if call.stack and path in self._ahead:
                return self._behind(path, call.stack)
            return call.__wrapped__(*args, **kwargs)
        finally:
            self._path, self._counts = outer

    def _behind(self, path: Path, stack: Sequence[nn.Module]) -> Any:
        """The output of a stack whose first modules answer: only the next of them reads what one returns."""
        answering, last = self._ahead[path]
        x = self.given[last]
        self._left -= answering
        if not self._left:
            _thread.run = None
        for module in stack[answering:]:
            x = module(x)
        return x


def callers(paths: Collection[Path]) -> frozenset[Path]:
    """The calls that those calls were made in, the network's own aside."""
    return frozenset(path[:depth] for path in paths for depth in range(1, len(path)))
