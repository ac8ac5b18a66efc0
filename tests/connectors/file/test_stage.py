"""The file stage: one JSON line a record."""

from __future__ import annotations

from beam_ingest import Context
from beam_ingest.api.codec import decode
from beam_ingest.api.config_model import marked_keys
from beam_ingest.api.entities import Database
from beam_ingest.connectors.file.stage import FileStage


def test_each_record_is_stored_as_it_is() -> None:
    stage = FileStage(FileStage.Config(), Context())
    record = Database(name="d", service="s")
    assert list(stage.keyed(record)) == [(None, record)]
    assert decode(stage.encode(record)) == record
    assert stage.encode({"b": 1, "a": "é"}) == '{"b":1,"a":"é"}'.encode()


def test_openmetadatas_filename_is_accepted_with_a_notice() -> None:
    config = FileStage.Config.model_validate({"filename": "/tmp/usage"})
    (finding,) = marked_keys(config)
    assert finding.path == ("filename",)
    assert "run directory" in finding.mark.why
