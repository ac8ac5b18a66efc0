"""The file sink: its stage and its bulk sink are the registered ones."""

from __future__ import annotations

import pytest

from beam_ingest import Context
from beam_ingest.api.registry import Kind, find
from beam_ingest.connectors.file.bulk_sink import FileBulkSink
from beam_ingest.connectors.file.sink import FileSink
from beam_ingest.connectors.file.stage import FileStage


@pytest.mark.parametrize("config", [{"path": "a"}, {"path": "a", "shards": True}])
def test_stage_and_bulk_sink_are_built_from_its_configuration(config: dict[str, object]) -> None:
    sink = FileSink(FileSink.Config.model_validate(config), Context())
    stage, bulk = find(Kind.STAGE, sink.stage), find(Kind.BULK_SINK, sink.bulk_sink)
    assert (stage, bulk) == (FileStage, FileBulkSink)
    assert FileStage.Config.model_validate(sink.stage_config()) == FileStage.Config()
    assert bulk.Config.model_validate(sink.bulk_config()).model_dump(by_alias=True) == {
        "path": "a",
        "shards": False,
        **config,
    }
