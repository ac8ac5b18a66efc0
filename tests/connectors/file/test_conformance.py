"""The file connectors keep their contracts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from beam_ingest import Record, StagedFile
from beam_ingest.api.codec import decode, encode
from beam_ingest.connectors.file.bulk_sink import FileBulkSink
from beam_ingest.connectors.file.sink import FileSink
from beam_ingest.connectors.file.source import FileSource
from beam_ingest.connectors.file.stage import FileStage
from beam_ingest.testing import BulkSinkSuite, SourceSuite, StagedSinkSuite, StageSuite
from beam_ingest.testing.records import sample_tables


class TestFileSource(SourceSuite):
    component = FileSource
    expected = [*sample_tables(5), {"a": 1}]
    failing_config = {"path": "/no/such/folder"}

    @pytest.fixture
    def config(self, tmp_path: Path) -> dict[str, Any]:
        for name, records in (("a", self.expected[:4]), ("b", self.expected[4:])):
            lines = [encode(record) + b"\n" for record in records]
            (tmp_path / f"{name}.jsonl").write_bytes(b"".join(lines))
        return {"type": "File", "path": str(tmp_path), "splitSize": 2000}


class TestFileStage(StageSuite):
    component = FileStage


class TestFileSink(StagedSinkSuite):
    component = FileSink
    config = {"path": "out.jsonl"}


class TestFileBulkSink(BulkSinkSuite):
    component = FileBulkSink
    failing_config = {"path": "/dev/null/out.jsonl"}

    @pytest.fixture
    def config(self, tmp_path: Path) -> dict[str, Any]:
        return {"path": str(tmp_path / "out.jsonl")}

    def stored(self, bulk_sink: FileBulkSink) -> list[Record]:
        path = Path(bulk_sink.config.path)
        return [decode(line) for line in path.read_bytes().splitlines()] if path.exists() else []


class TestFileBulkSinkWithShards(TestFileBulkSink):
    @pytest.fixture
    def config(self, tmp_path: Path) -> dict[str, Any]:
        return {"path": str(tmp_path / "out"), "shards": True}

    def staged(self, records: Sequence[Record], part: int = 0) -> StagedFile:
        (self._staged / f"split-1.{part}.jsonl").unlink(missing_ok=True)  # shards link to it
        return super().staged(records, part)

    def stored(self, bulk_sink: FileBulkSink) -> list[Record]:
        files = Path(bulk_sink.config.path).glob("part-*")
        return [decode(line) for file in files for line in file.read_bytes().splitlines()]
