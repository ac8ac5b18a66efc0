"""What a command line sets for its process, and how it ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def ended(code: str, folder: Path) -> list[str]:
    ran = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.split()


def test_what_was_imported_is_not_looked_through_again_and_again(tmp_path: Path) -> None:
    code = """
import atexit, gc
from beam_ingest.cli.exit import exit_with
atexit.register(lambda: print(gc.get_freeze_count() > 0))  # after all that is registered later
print(gc.get_threshold()[0] > 10_000)
exit_with(lambda: print(gc.get_threshold()[0] > 10_000))
"""
    assert ended(code, tmp_path) == ["False", "True", "True"]


def test_what_a_component_does_at_its_end_it_does_even_out_of_a_cycle(tmp_path: Path) -> None:
    code = """
from beam_ingest.cli.exit import exit_with

class Component:
    def __init__(self):
        self.itself = self

    def __del__(self):
        print("ended")

exit_with(lambda: Component() and None)
"""
    assert ended(code, tmp_path) == ["ended"]
