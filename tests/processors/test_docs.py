"""The examples of docs/processors.md do what the page says."""

from __future__ import annotations

import importlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from beam_ingest import Context, Drop, Record
from beam_ingest.api.codec import decode
from beam_ingest.api.registry import Kind, find

PAGE = (Path(__file__).parents[2] / "docs" / "processors.md").read_text(encoding="utf-8")
BLOCK = r"```{}\n(.*?)```\s+"
EXAMPLES = re.findall(BLOCK.format("yaml") + 2 * BLOCK.format("json"), PAGE, re.DOTALL)


@pytest.fixture(autouse=True)
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The page's ``mine.py``, importable."""
    (code,) = re.findall(BLOCK.format("python"), PAGE, re.DOTALL)
    (tmp_path / "mine.py").write_text(code, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    yield
    sys.modules.pop("mine", None)


def records(block: str) -> list[Record]:
    return [decode(json.dumps(value)) for value in json.loads(block)]


def results(step: dict[str, Any], given: list[Record]) -> Iterator[Any]:
    cls = find(Kind.PROCESSOR, step["type"])
    processor: Any = cls(cls.Config.model_validate(step["config"]), Context())
    processor.open()
    for record in given:
        try:
            yield processor.process(record)
        except Drop:
            continue


def test_every_example_is_found() -> None:
    assert len(EXAMPLES) == PAGE.count("```yaml") == 4
    assert {yaml.safe_load(config)["type"] for config, _, _ in EXAMPLES} == {
        "filter", "python", "set",
    }  # fmt: skip


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_the_example_gives_what_the_page_shows(example: tuple[str, str, str]) -> None:
    config, given, expected = example
    assert list(results(yaml.safe_load(config), records(given))) == records(expected)
