from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from server.commands.memory import return_freed_memory

GLIBC = platform.libc_ver()[0] == "glibc"

# Many pieces of different sizes, of which every second one is freed: the heap shrinks where each was mapped.
FRAGMENTS = """
import sys
from server.commands.memory import return_freed_memory
from server.web.metrics import resident_bytes
if sys.argv[1] == "mapped":
    assert return_freed_memory({})
pieces = [b"x" * (100_000 + number % 997) for number in range(1000)]
del pieces[::2]
print(int(resident_bytes()))
"""


@pytest.mark.parametrize(
    "environment", [{"MALLOC_MMAP_THRESHOLD_": "131072"}, {"GLIBC_TUNABLES": "glibc.malloc.mmap_threshold=131072"}]
)
def test_who_configures_the_allocator_wins(environment: dict[str, str]) -> None:
    assert not return_freed_memory(environment)


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    assert not return_freed_memory({})


@pytest.mark.skipif(not GLIBC, reason="glibc's allocator")
def test_what_is_freed_between_pieces_that_stay_goes_back() -> None:
    held = {
        how: int(subprocess.run([sys.executable, "-c", FRAGMENTS, how], capture_output=True, check=True).stdout)
        for how in ("mapped", "usual")
    }
    assert held["mapped"] < held["usual"] - 20 * 2**20
