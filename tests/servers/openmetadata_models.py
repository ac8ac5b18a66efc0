"""OpenMetadata's own models, from its package on PyPI, in an environment of their own.

They are never a dependency and never imported here: a script in that environment describes
their fields as JSON. The environment is made once, under ``.cache/`` of the checkout.
"""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from tests.servers.environment import python_with
from tests.servers.missing import cannot_be_had

VERSION = "2.0.7.0"

_SCRIPT = Path(__file__).with_name("openmetadata_describe.py")
_INSTALL = (
    ["--no-deps", f"openmetadata-ingestion=={VERSION}"],
    ["pydantic>=2.10,<3", "typing_extensions", "email-validator"],
)


@cache
def models(service_types: tuple[str, ...]) -> dict[str, Any]:
    """The fields of OpenMetadata's models, as ``openmetadata_describe.py`` writes them."""
    described = subprocess.run(
        [python(), "-I", _SCRIPT, *service_types], check=True, capture_output=True, text=True
    )
    found: dict[str, Any] = json.loads(described.stdout)
    return found


def python() -> Path:
    """The Python that can import the models.

    Skips the test where the package cannot be installed; fails it where ``CI`` is set.
    """
    try:
        return python_with(f"openmetadata-models-{VERSION}", *_INSTALL)
    except (OSError, subprocess.CalledProcessError) as error:
        why = getattr(error, "stderr", "") or str(error)
        cannot_be_had(
            f"OpenMetadata's package of models ({why.strip()[-400:]})",
            f"pip install --no-deps openmetadata-ingestion=={VERSION}",
        )
