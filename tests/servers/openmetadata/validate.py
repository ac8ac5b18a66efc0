"""Validates JSON by OpenMetadata's published models; run by a Python that has them.

Standard input: lines of ``[model, value]``; a model is ``api.data.createTable:CreateTableRequest``.
Standard output: a JSON list of what does not fit.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
import types
from typing import Any


def only_generated_models() -> None:
    """Let ``metadata.generated`` be imported without the framework around it."""
    found = importlib.util.find_spec("metadata")
    assert found is not None and found.submodule_search_locations is not None
    package = types.ModuleType("metadata")
    package.__path__ = list(found.submodule_search_locations)
    sys.modules["metadata"] = package


def model(path: str) -> Any:
    """The class of a path below ``metadata.generated.schema``."""
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(f"metadata.generated.schema.{module}"), name)


def main() -> None:
    """Validate what comes in."""
    only_generated_models()
    faults = []
    for line in sys.stdin:
        path, value = json.loads(line)
        try:
            model(path).model_validate(value)
        except ValueError as error:
            faults.append(f"{path}: {error}"[:3000])
    json.dump(faults, sys.stdout)


if __name__ == "__main__":
    main()
