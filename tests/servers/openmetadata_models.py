"""OpenMetadata's own models, from its package on PyPI, in an environment of their own.

They are never a dependency and never imported here: a script in that environment describes
their fields as JSON. The environment is made once, under ``.cache/`` of the checkout.
"""

from __future__ import annotations

import json
import os
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.servers.environment import python_with

VERSION = "2.0.7.0"

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
        python = python_with(f"openmetadata-models-{VERSION}", *_INSTALL)
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
