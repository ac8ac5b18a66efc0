"""Running an unbounded workflow over scripted messages until it is drained."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from beam_ingest.api.report import Report
from beam_ingest.workflow import Workflow


class Script:
    """Partitions of messages in a folder, and what a workflow made of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.messages = folder / "messages"
        self.out = folder / "out"
        self.read = folder / "read"
        for path in (self.messages, self.out, self.read):
            path.mkdir()

    def partition(self, name: str, *lines: dict[str, Any]) -> None:
        """Append messages to a partition."""
        with (self.messages / f"{name}.jsonl").open("a") as file:
            for line in lines:
                file.write(json.dumps(line) + "\n")

    def workflow(self, beam: dict[str, Any] | None = None, **blocks: Any) -> dict[str, Any]:
        """The workflow: to the bulk sink of the tests, unless ``blocks`` say otherwise."""
        source = {"folder": str(self.messages), "drain_after": str(self.read)}
        ends = {
            "stage": {"type": "file"},
            "bulkSink": {"type": "tests.flow.stream.parts.Lines",
                         "config": {"folder": str(self.out)}},
        }  # fmt: skip
        return {
            "source": {
                "type": "tests.flow.stream.parts.Scripted",
                "config": {**source, **blocks.pop("source", {})},
            },
            "beam": {
                "workDir": str(self.folder / "runs"), "window": {"fixed": "2s"}, **(beam or {})
            },
            **(blocks or ends),
        }  # fmt: skip

    def run(self, config: dict[str, Any], **options: Any) -> Report:
        """Run it until it has read everything and is drained."""
        for path in self.read.iterdir():
            path.unlink()
        run_dir = Path(options.get("resume") or self.folder / "runs" / "run")
        if "resume" not in options:
            options["run_dir"] = str(run_dir)
        ended = threading.Event()
        drainer = threading.Thread(target=self._drain, args=(run_dir, ended))
        drainer.start()
        try:
            return Workflow.from_config(config).run(**options)
        finally:
            ended.set()
            drainer.join()

    def published(self) -> dict[int, list[list[str]]]:
        """The names in each published file, by the start of the window in milliseconds."""
        found: dict[int, list[list[str]]] = {}
        for path in sorted(self.out.glob("*.published")):
            names = [json.loads(line)["name"] for line in path.read_text().splitlines()]
            found.setdefault(int(path.name.split("-")[0]), []).append(names)
        return found

    def has_published(self, files: int) -> bool:
        """Whether there are so many files."""
        return len(list(self.out.glob("*.published"))) >= files

    def names(self) -> list[str]:
        """All that was published, sorted."""
        return sorted(n for files in self.published().values() for names in files for n in names)

    def acknowledged(self, partition: str) -> int | None:
        """How many lines of a partition were acknowledged."""
        path = self.messages / f"{partition}.acknowledged"
        return json.loads(path.read_text()) if path.exists() else None

    def _drain(self, run_dir: Path, ended: threading.Event) -> None:
        wanted = {path.stem for path in self.messages.glob("*.jsonl")}
        while not ended.wait(0.02):
            if {path.name for path in self.read.iterdir()} >= wanted and run_dir.is_dir():
                (run_dir / "drain").touch()
                return


def message(name: str, at: float, **keys: Any) -> dict[str, Any]:
    """A message that holds a record."""
    return {"at": at, "record": {"name": name, **keys}}


def torn(at: float) -> dict[str, Any]:
    """A message that holds none."""
    return {"at": at, "raw": "{"}


def watermark(at: float) -> dict[str, Any]:
    """Event time moves on."""
    return {"watermark": at}


def letters(report: Report) -> Sequence[dict[str, Any]]:
    """The dead letters of a run."""
    return [
        json.loads(line)
        for file in report.dead_letters.files
        for line in Path(report.run_dir, file).read_text().splitlines()
    ]
