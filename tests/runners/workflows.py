"""A checked workflow for the tests of runners, which look at its ``beam:`` block."""

from __future__ import annotations

from typing import Any

from beam_ingest.config.load import load
from beam_ingest.config.model import WorkflowConfig


def workflow(beam: dict[str, Any], **blocks: Any) -> WorkflowConfig:
    return load(
        {
            "source": {"type": "tests.flow.parts.Numbers", "serviceName": "s", "config": {}},
            "sink": {"type": "console"},
            "beam": beam,
            **blocks,
        }
    )
