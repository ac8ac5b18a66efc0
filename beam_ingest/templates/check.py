"""Checking built templates: by Dataflow's own model, and against their declarations."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from beam_ingest.api.errors import MissingDependency
from beam_ingest.templates.build import built
from beam_ingest.templates.template import Template


def check(template: Template[Any], folder: Path) -> Iterator[str]:
    """What is wrong with ``template`` as it was built into ``folder``: nothing, if all is well.

    Raises ``MissingDependency`` where Dataflow's model is not installed.
    """
    for name, text in built([template]).items():
        path = folder / name
        if not path.is_file():
            yield f"{path} is missing: build the template again"
        elif path.read_text(encoding="utf-8") != text:
            yield f"{path} is not what {template.name} declares: build the template again"
    path = folder / template.name / "metadata.json"
    if path.is_file() and (why := _refused(path.read_text(encoding="utf-8"))) is not None:
        yield f"{path}: {why}"


def _refused(text: str) -> str | None:
    """Why Dataflow would not take this ``metadata.json``, or None."""
    try:
        from google.cloud.dataflow_v1beta3 import TemplateMetadata
    except ImportError:
        raise MissingDependency(
            "checking a template needs Dataflow's client library",
            hint="pip install 'beam-ingest[templates]'",
        ) from None
    try:
        # Unknown keys are an error, as they are where the file is read for real.
        TemplateMetadata.from_json(text, ignore_unknown_fields=False)
    except Exception as error:  # the library raises errors of its own, and of protobuf
        return f"Dataflow does not take it: {error}"
    names = [each["name"] for each in json.loads(text)["parameters"]]
    twice = sorted({name for name in names if names.count(name) > 1})
    return f"parameters are there twice: {', '.join(twice)}" if twice else None
