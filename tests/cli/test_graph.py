"""``beam-ingest graph``: the picture has the steps that would run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from beam_ingest import Sink, Source, StagedSink, StreamSource
from beam_ingest.api.component import Component
from beam_ingest.api.registry import Kind
from beam_ingest.cli.graph import Picture, dot, mermaid, picture_of
from beam_ingest.config.model import ComponentConfig, WorkflowConfig
from tests.cli.conftest import Run

LINES = """\
source:
  type: file
  serviceName: lines
  serviceConnection: {config: {type: File, path: in.jsonl}}
"""


def component(kind: Kind, name: str, cls: type[Component] = Component) -> ComponentConfig:
    return ComponentConfig(kind, name, name, cls, cls.Config())


def a_config(cls: type[Component] = Source, **parts: Any) -> WorkflowConfig:
    source: ComponentConfig = component(Kind.SOURCE, "shop", cls)
    return WorkflowConfig(None, source, "shop", None, **parts)


def edges(picture: Picture) -> set[tuple[str, str]]:
    boxes = picture.boxes
    return {(boxes[start], boxes[end]) for start, end, _ in picture.arrows}


def test_a_sink_is_written_after_the_processors_and_once_more_what_it_put_off() -> None:
    config = a_config(
        processors=(component(Kind.PROCESSOR, "set"), component(Kind.PROCESSOR, "filter")),
        sink=component(Kind.SINK, "om", Sink),
    )
    assert edges(picture_of(config)) == {
        ("shop: parents", "set"),
        ("shop: parents", "shop: list splits"),
        ("shop: list splits", "shop: read"),
        ("shop: read", "set"),
        ("set", "filter"),
        ("filter", "om: write"),
        ("om: write", "om: write deferred"),
        ("om: write deferred", "finish: retire, commit, report"),
    }


def test_a_staged_sink_and_a_stage_with_its_bulk_sink_are_two_ways_out() -> None:
    config = a_config(
        sink=component(Kind.SINK, "file", StagedSink),
        stage=component(Kind.STAGE, "usage"),
        bulk_sink=component(Kind.BULK_SINK, "search"),
    )
    drawn = edges(picture_of(config))
    assert {
        ("shop: parents", "file: stage"),
        ("shop: read", "file: stage"),
        ("shop: read", "usage: stage"),
        ("file: stage", "group and merge"),
        ("group and merge", "file: publish"),
        ("group and merge", "search: publish"),
        ("search: publish", "finish: retire, commit, report"),
    } <= drawn


def test_an_unbounded_workflow_has_windows_and_acknowledges_at_its_end() -> None:
    config = a_config(
        StreamSource,
        processors=(component(Kind.PROCESSOR, "set"),),
        sink=component(Kind.SINK, "om", Sink),
        stage=component(Kind.STAGE, "file"),
        bulk_sink=component(Kind.BULK_SINK, "search"),
    )
    assert edges(picture_of(config)) == {
        ("shop: partitions", "shop: read"),
        ("shop: read", "gather each window"),
        ("gather each window", "set"),
        ("set", "om: write"),
        ("om: write", "om: write deferred"),
        ("om: write deferred", "shop: acknowledge"),
        ("set", "file: stage"),
        ("file: stage", "search: publish"),
        ("search: publish", "shop: acknowledge"),
    }


def test_quotes_in_names_do_not_break_the_picture() -> None:
    picture = Picture({"a": 'say "hi"', "b": "x"}, [("a", "b", "first"), ("b", "a", "")])
    assert list(mermaid(picture)) == [
        "flowchart LR",
        '  a["say #quot;hi#quot;"]',
        '  b["x"]',
        "  a -->|first| b",
        "  b --> a",
    ]
    assert list(dot(picture))[2:] == [
        '  a [label="say \\"hi\\""];',
        '  b [label="x"];',
        '  a -> b [label="first"];',
        "  b -> a;",
        "}",
    ]


@pytest.mark.parametrize(
    ("args", "first"), [([], "flowchart LR"), (["--format", "dot"], "digraph")]
)
def test_the_picture_of_a_file_goes_to_stdout(
    cli: Run, folder: Path, args: list[str], first: str
) -> None:
    (folder / "w.yaml").write_text(LINES + "sink: {type: file, config: {path: out.jsonl}}\n")
    result = cli("graph", "-c", "w.yaml", *args)
    assert result.exit_code == 0
    assert result.stdout.startswith(first)
    assert ": publish" in result.stdout
    assert [path.name for path in folder.iterdir()] == ["w.yaml"]
