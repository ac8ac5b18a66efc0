"""A virtual environment of a test's own, for packages that must never be a dependency."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

CACHE = Path(__file__).resolve().parents[2] / ".cache"


def python_with(name: str, *installs: Sequence[str]) -> Path:
    """The Python of the environment ``name``, made once under ``.cache/`` of the checkout.

    ``installs`` are arguments of ``pip install``, one call each. Raises ``OSError`` or
    ``CalledProcessError`` where it cannot be made.
    """
    environment = CACHE / name
    python = environment / "bin" / "python"
    if python.exists():
        return python
    making = environment.with_name(f"{name}.{os.getpid()}")
    shutil.rmtree(making, ignore_errors=True)
    try:
        _run("venv", "--without-pip", str(making))
        for packages in installs:
            _run("pip", "--python", str(making / "bin" / "python"), "install", "--quiet",
                 "--disable-pip-version-check", *packages)  # fmt: skip
        if not python.exists():  # another process may have been faster
            making.rename(environment)  # whole, or not there
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return python


def _run(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", *arguments], check=True, capture_output=True, text=True)
