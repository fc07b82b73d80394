"""The error of a command line that cannot be."""

from __future__ import annotations

from server.errors import UnitbrushError


class UsageError(UnitbrushError):
    """The command line asks for something that cannot be; the detail is one line that says what would be
    right.
    """

    status = 400
    slug = "usage"
    title = "The command line is not valid"
