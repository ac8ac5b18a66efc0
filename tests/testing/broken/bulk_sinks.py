"""A good bulk sink into a folder, and broken ones."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from beam_ingest import BulkSink, ConfigModel, Deferred, Outcome, StagedFile, Written
from beam_ingest.testing import BulkSinkSuite
from tests.testing.broken.bite import caught_by, passes


class Suite(BulkSinkSuite):
    own_process = False

    @pytest.fixture
    def config(self, tmp_path: Path) -> dict[str, Any]:
        (tmp_path / "system").mkdir()
        return {"path": str(tmp_path / "system")}

    def stored(self, bulk_sink: Any) -> Any:
        files = sorted(Path(bulk_sink.config.path).glob("*"))
        return [line for file in files for line in file.read_text().splitlines()]


@passes(Suite, own_process=True)
class GoodBulkSink(BulkSink):
    class Config(ConfigModel):
        path: str

    def publish(self, file: StagedFile) -> Iterable[Outcome] | None:
        text = b"".join(line + b"\n" for line in file.lines())
        Path(self.config.path, file.id).write_bytes(text)
        return None


@passes(Suite)
class GoodTelling(GoodBulkSink):
    def publish(self, file: StagedFile) -> Iterable[Outcome]:
        super().publish(file)
        return (Written() for _ in file.records())


_SENDING = (
    "sending_again_has_the_same_effect", "commit_may_come_again", "abort_may_come_again",
    "a_retrying_runner_has_the_same_effect",
)  # fmt: skip


@caught_by(Suite, "one_outcome_a_line", *_SENDING)
class AnswersTooMany(GoodBulkSink):
    def publish(self, file: StagedFile) -> Iterable[Outcome]:
        super().publish(file)
        return [Written()] * (file.count + 1)


@caught_by(Suite, *_SENDING)
class DefersForEver(GoodBulkSink):
    def publish(self, file: StagedFile) -> Iterable[Outcome]:
        super().publish(file)
        return [Deferred("later")] * file.count


@caught_by(
    Suite, "sending_again_has_the_same_effect", "a_retrying_runner_has_the_same_effect"
)  # fmt: skip
class Appends(GoodBulkSink):
    def publish(self, file: StagedFile) -> None:
        with Path(self.config.path, file.id).open("ab") as target:
            target.writelines(line + b"\n" for line in file.lines())


@caught_by(Suite, "the_file_is_closed_again")
class LeavesTheFileOpen(GoodBulkSink):
    def open(self) -> None:
        self.opened: list[Any] = []

    def publish(self, file: StagedFile) -> None:
        self.opened.append(file.opener())
        Path(self.config.path, file.id).write_bytes(self.opened[-1].read())
