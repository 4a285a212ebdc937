"""What is done for timed frames is undone when the process ends."""

from __future__ import annotations

import subprocess
import sys

TIMED = """
import atexit, gc

atexit.register(lambda: print(gc.get_freeze_count()))  # runs after what is registered later
from toolkit_adapters.running.timing import without_garbage_collection

with without_garbage_collection():
    print(gc.isenabled(), gc.get_freeze_count() > 0)
print(gc.isenabled())
"""


def test_nothing_stays_out_of_the_last_collection() -> None:
    """Extensions print at the end what was never freed."""
    ran = subprocess.run([sys.executable, "-c", TIMED], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", "True", "True", "0"]
