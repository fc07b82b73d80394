"""How the C library's allocator gives memory back.

Scenes come and go in pieces of some hundred kilobytes. glibc raises the size from which it maps a piece of its own at
each one that is freed, and keeps the smaller ones in heaps full of holes: a server that draws new scenes all day would
grow by tens of megabytes for each thousand of them. Pieces that are mapped go back to the system when they are freed.
"""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Mapping

M_MMAP_THRESHOLD = -3  # of mallopt(3)
MAPPED_BYTES = 64 * 1024


def return_freed_memory(environment: Mapping[str, str]) -> bool:
    """Map each piece from 64 KiB on by itself; whether that was done. Only with glibc, and only where nobody has
    configured its allocator otherwise."""
    configured = any(name.startswith("MALLOC_") for name in environment)
    if configured or "glibc.malloc" in environment.get("GLIBC_TUNABLES", "") or platform.libc_ver()[0] != "glibc":
        return False
    return bool(ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES))
