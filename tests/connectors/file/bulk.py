"""What the tests of the file bulk sink share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from beam_ingest import Context, StagedFile
from beam_ingest.connectors.file.bulk_sink import FileBulkSink

LINES = {"000-parents": 2, "001-b": 3, "002-a": 1}


def sink(path: object, run: str = "r1", **options: Any) -> FileBulkSink:
    config = FileBulkSink.Config.model_validate({"path": str(path), **options})
    made = FileBulkSink(config, Context(run_id=run))
    made.open()
    return made


def text(name: str, count: int) -> bytes:
    return b"".join(b'{"n":"%s %d"}\n' % (name.encode(), n) for n in range(count))


def staged(folder: Path, name: str, content: bytes) -> StagedFile:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(content)
    path.chmod(0o600)
    return StagedFile(name, str(path), content.count(b"\n"), lambda: path.open("rb"))


ALL = b"".join(text(name, count) for name, count in LINES.items())


def publish(made: FileBulkSink, files: list[StagedFile]) -> None:
    for file in files:
        assert made.publish(file) is None


def run(made: FileBulkSink, files: list[StagedFile]) -> None:
    token = made.begin()
    publish(made, files)
    made.commit(token)


def content(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def by_manifest(folder: Path) -> bytes:
    manifest = json.loads((folder / "_manifest.json").read_bytes())
    shards = [(folder / shard["name"]).read_bytes() for shard in manifest["files"]]
    assert [shard["count"] for shard in manifest["files"]] == [one.count(b"\n") for one in shards]
    assert manifest["total"] == sum(one.count(b"\n") for one in shards)
    return b"".join(shards)
