"""Unbounded runs that are left to a cluster, where that does not come to pass."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from beam_ingest import FatalError, Poll, Split, StreamSource
from beam_ingest.api.errors import CannotStart
from beam_ingest.workflow import Workflow
from tests.engines.fakes import FakeFlink, fake_flink
from tests.flow.stream.running import Script


class Refusing(StreamSource):
    """A source whose server lets nobody in."""

    def partitions(self) -> Iterator[Split]:
        raise FatalError("nobody may read this", hint="ask for it")

    def poll(self, partition: Split, position: Any) -> Poll:
        raise NotImplementedError


@pytest.fixture
def script(tmp_path: Path) -> Script:
    return Script(tmp_path)


@pytest.fixture
def flink() -> Iterator[FakeFlink]:
    with fake_flink() as fake:
        yield fake


def on(flink: FakeFlink, script: Script, **options: str) -> dict[str, Any]:
    known: dict[str, Any] = {"flink_master": flink.url, "environment_type": "EXTERNAL",
                             "environment_config": "localhost:1"}  # fmt: skip
    return script.workflow(
        {
            "runner": "flink",
            "options": known | options,
            "sharedPaths": [str(script.folder)],
            "workerCode": "installed",
        }
    )


def test_what_cannot_be_listed_is_not_submitted(script: Script, flink: FakeFlink) -> None:
    config = on(flink, script)
    config["source"] = {"type": f"{__name__}.Refusing"}
    with pytest.raises(FatalError, match="nobody may read this"):
        Workflow.from_config(config).submit()
    assert not [path for method, path in flink.asked if method == "POST"]


def test_it_is_not_packed_since_where_it_begins_is_known_when_it_starts(
    script: Script, flink: FakeFlink
) -> None:
    config = on(flink, script, output_executable_path=str(script.folder / "job.jar"))
    with pytest.raises(CannotStart, match="is not packed"):
        Workflow.from_config(config).submit()


def test_workers_of_this_process_are_not_left(script: Script) -> None:
    with pytest.raises(CannotStart, match="cannot leave them"):
        Workflow.from_config(script.workflow()).submit()
