"""The workflows in ``docs/flink.md`` and ``docs/dataflow.md`` are ones that an engine takes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from beam_ingest.cli.main import VERBS
from beam_ingest.runners import options
from beam_ingest.runners.flink import OPTIONS
from beam_ingest.runners.options import engine_for
from tests.runners.workflows import workflow

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("flink.md", "dataflow.md")
BLOCKS = [
    (page, number, yaml.safe_load(text))
    for page in PAGES
    for number, text in enumerate(
        re.findall(r"```yaml\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)
    )
]
WORKFLOWS = [(page, number, block["beam"]) for page, number, block in BLOCKS if "beam" in block]


@pytest.mark.parametrize(
    ("page", "number", "block"),
    WORKFLOWS,
    ids=[f"{page}-{number}" for page, number, _ in WORKFLOWS],
)
def test_every_block_is_one_that_an_engine_takes(
    page: str, number: int, block: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(options, "check_installed", lambda: None)
    block = {"workerCode": "installed", **block}  # these tests' own modules cannot be sent
    run_dir = f"{block.get('workDir', 'runs')}/r1"
    made = engine_for(workflow(beam=block), "r1", run_dir)
    told = made.options.get_all_options(drop_default=True)
    for name, value in block.get("options", {}).items():
        if name not in OPTIONS and name != "labels":
            wanted = str(Path(value).absolute()) if name == "output_executable_path" else value
            assert told.get(name, wanted) == wanted, name


def test_there_are_such_blocks_on_each_page() -> None:
    assert {page for page, _, _ in WORKFLOWS} == set(PAGES)
    assert len(WORKFLOWS) >= 5


@pytest.mark.parametrize("page", PAGES)
def test_every_command_is_a_verb(page: str) -> None:
    verbs = re.findall(r"beam-ingest ([a-z-]+)", (DOCS / page).read_text())
    assert verbs
    assert set(verbs) <= set(VERBS)
