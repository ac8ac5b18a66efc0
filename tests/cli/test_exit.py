"""What a command line sets for its process, and how it ends."""

from __future__ import annotations

import subprocess
import sys


def test_what_was_imported_is_not_looked_through_again_and_again() -> None:
    code = """
import atexit, gc
from beam_ingest.cli.exit import exit_with
atexit.register(lambda: print(gc.get_freeze_count() > 0))  # after all that is registered later
print(gc.get_threshold()[0] > 10_000)
exit_with(lambda: print(gc.get_threshold()[0] > 10_000))
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (ran.returncode, ran.stdout.split()) == (0, ["False", "True", "True"]), ran.stderr
