"""The examples of docs/connectors/query-logs.md are valid, and name each type."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from beam_ingest.api.registry import Kind, types
from beam_ingest.config.load import load

TEXT = (Path(__file__).parents[4] / "docs" / "connectors" / "query-logs.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", TEXT, re.M | re.S)


@pytest.mark.parametrize("example", EXAMPLES)
def test_each_example_is_valid(example: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("PG_PASSWORD", "OM_JWT_TOKEN"):
        monkeypatch.setenv(variable, "x")
    workflow = yaml.safe_load(example)
    workflow.setdefault("sink", {"type": "console"})
    load(workflow)


def test_every_type_is_told_of() -> None:
    ours = {name for name in types(Kind.SOURCE) if name.endswith(("-usage", "-lineage"))}
    assert len(EXAMPLES) == 3
    assert len(ours) == 8
    assert {name for name in ours if name not in TEXT} == set()
