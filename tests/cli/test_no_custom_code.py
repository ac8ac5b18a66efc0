"""``--no-custom-code``: what a workflow names by a dotted path is not imported."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.conftest import Run

MODULE = "from pathlib import Path\nPath('imported').touch()\ndef one(record):\n    return record\n"
FILE = {"type": "file", "config": {"path": "in.jsonl"}}
OUT = {"type": "file", "config": {"path": "out.jsonl"}}


@pytest.fixture(autouse=True)
def _allowed_again(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("BEAM_INGEST_NO_CUSTOM_CODE", "0")
    yield


@pytest.fixture
def write(folder: Path) -> Any:
    (folder / "untrusted.py").write_text(MODULE)
    (folder / "in.jsonl").write_text('{"name": "a"}\n')

    def write(**workflow: Any) -> None:
        given = {"source": FILE, "sink": OUT, **workflow}
        (folder / "w.yaml").write_text(yaml.safe_dump(given))

    return write


CUSTOM: dict[str, dict[str, Any]] = {
    "a processor": {"processors": [{"type": "untrusted.one"}]},
    "a function": {"processors": [{"type": "python", "config": {"function": "untrusted.one"}}]},
    "a source": {"source": {"type": "untrusted.one"}},
    "OpenMetadata's way": {
        "source": {
            "type": "customDatabase",
            "serviceConnection": {
                "config": {"type": "CustomDatabase", "sourcePythonClass": "untrusted.one"}
            },
        }
    },
    "a sink": {"sink": {"type": "untrusted.one"}},
    "what a wrapper wraps": {
        "sink": {
            "type": "beam_ingest.testing.faults.FaultySink",
            "config": {"wraps": "untrusted.one"},
        }
    },
}


@pytest.mark.parametrize("where", CUSTOM)
@pytest.mark.parametrize("verb", ["run", "validate", "preview", "graph", "test-connection"])
def test_it_is_refused_before_it_is_imported(
    cli: Run, folder: Path, write: Any, where: str, verb: str
) -> None:
    write(**CUSTOM[where])
    result = cli(verb, "-c", "w.yaml", "--no-custom-code")
    assert result.exit_code == 2
    assert "which is forbidden here" in result.stderr
    assert not (folder / "imported").exists()
    assert not (folder / "runs").exists()


def test_the_variable_does_the_same(
    cli: Run, folder: Path, write: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BEAM_INGEST_NO_CUSTOM_CODE", "1")
    write(**CUSTOM["a function"])
    assert cli("validate", "-c", "w.yaml").exit_code == 2
    assert not (folder / "imported").exists()
    monkeypatch.setenv("BEAM_INGEST_NO_CUSTOM_CODE", "0")
    assert cli("validate", "-c", "w.yaml").exit_code == 0
    assert (folder / "imported").exists()


@pytest.mark.slow
def test_installed_components_run_and_dry_run(cli: Run, folder: Path, write: Any) -> None:
    write(processors=[{"type": "filter", "config": {"drop": {"name": {"includes": ["b"]}}}}])
    assert cli("run", "-c", "w.yaml", "--no-custom-code", "--dry-run").exit_code == 0
    assert cli("run", "-c", "w.yaml", "--no-custom-code").exit_code == 0
    assert (folder / "out.jsonl").read_text() == '{"name":"a"}\n'
