"""Objects that a user names on the command line, as package.module:name: their code runs because they were named."""

from __future__ import annotations

import importlib
import inspect
import os
import re
import sys

from server.errors import UsageError
from server.results.reading import reason

_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")


def is_name(text: str) -> bool:
    """Whether that reads as package.module:name."""
    return _NAME.fullmatch(text) is not None


def made_by(name: str) -> object:
    """What the named factory returns, called without arguments; the object itself where it cannot be called so.

    Modules are looked for in the folder that the command runs in, too. Raises UsageError, in one line, where there is
    no such object or its code fails.
    """
    module, _, attribute = name.partition(":")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        named = getattr(importlib.import_module(module), attribute)
        return named() if _is_factory(named) else named
    except Exception as error:  # it may be any code
        raise UsageError(f"{name} cannot be made: {type(error).__name__}: {reason(error)}") from error


def _is_factory(named: object) -> bool:
    if not inspect.isroutine(named) and not inspect.isclass(named):
        return False
    try:
        inspect.signature(named).bind()
    except (TypeError, ValueError):  # it wants arguments, or tells nothing of them
        return False
    return True
