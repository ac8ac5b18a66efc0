"""docs/report.md names every key of report.json, and no other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from beam_ingest.api.report import (
    DeadLetterReport,
    Failure,
    Report,
    RetireReport,
    SplitsReport,
    StepReport,
    StreamReport,
)

TEXT = (Path(__file__).parent.parent.parent / "docs" / "report.md").read_text()
MODELS: list[type[BaseModel]] = [
    Report, StepReport, SplitsReport, RetireReport, DeadLetterReport, Failure,
    StreamReport,
]  # fmt: skip


def keys_of_tables() -> Iterator[str]:
    for row in re.findall(r"^\| (`.*?) \|", TEXT, re.M):
        yield from re.findall(r"`(\w+)`", row)


def test_every_key_is_documented() -> None:
    keys = {field.alias for model in MODELS for field in model.model_fields.values()}
    assert {key for key in keys if f"`{key}`" not in TEXT} == set()


def test_every_documented_key_is_one() -> None:
    keys = {field.alias for model in MODELS for field in model.model_fields.values()}
    documented = list(keys_of_tables())
    assert set(documented) - keys == set()
    assert len(documented) > 20
