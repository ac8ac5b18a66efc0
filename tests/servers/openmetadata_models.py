"""OpenMetadata's own models, from its package on PyPI, in an environment of their own.

They are never a dependency and never imported here: a script in that environment describes
their fields as JSON. The environment is made once, under ``.cache/`` of the checkout.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

VERSION = "2.0.7.0"

_ROOT = Path(__file__).resolve().parents[2]
_ENVIRONMENT = _ROOT / ".cache" / f"openmetadata-models-{VERSION}"
_SCRIPT = Path(__file__).with_name("openmetadata_describe.py")
_INSTALL = (
    ["--no-deps", f"openmetadata-ingestion=={VERSION}"],
    ["pydantic>=2.10,<3", "typing_extensions", "email-validator"],
)


@cache
def models(service_types: tuple[str, ...]) -> dict[str, Any]:
    """The fields of OpenMetadata's models, as ``openmetadata_describe.py`` writes them.

    Skips the test where the package cannot be installed; fails it where ``CI`` is set.
    """
    try:
        python = _installed()
        described = subprocess.run(
            [python, "-I", _SCRIPT, *service_types], check=True, capture_output=True, text=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        why = getattr(error, "stderr", "") or str(error)
        message = (
            f"OpenMetadata's models cannot be had: {why.strip()[-400:]}\n"
            f"they need: pip install --no-deps openmetadata-ingestion=={VERSION}"
        )
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    found: dict[str, Any] = json.loads(described.stdout)
    return found


def _installed() -> Path:
    python = _ENVIRONMENT / "bin" / "python"
    if python.exists():
        return python
    making = _ENVIRONMENT.with_name(f"{_ENVIRONMENT.name}.{os.getpid()}")
    shutil.rmtree(making, ignore_errors=True)
    try:
        _run("venv", "--without-pip", str(making))
        for packages in _INSTALL:
            _run("pip", "--python", str(making / "bin" / "python"), "install", "--quiet",
                 "--disable-pip-version-check", *packages)  # fmt: skip
        if not python.exists():  # another process may have been faster
            making.rename(_ENVIRONMENT)  # whole, or not there
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return python


def _run(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", *arguments], check=True, capture_output=True, text=True)
