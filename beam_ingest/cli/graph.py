"""``beam-ingest graph``: the picture of what a workflow would run. Needs no Beam."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from beam_ingest.api.sink import StagedSink
from beam_ingest.cli.options import config_option, no_custom_code_option, set_option
from beam_ingest.cli.output import emit
from beam_ingest.cli.verb import Verb

if TYPE_CHECKING:
    from beam_ingest.config.model import WorkflowConfig


@click.command("graph", cls=Verb, short_help="Draw what a workflow would run.")
@config_option
@click.option(
    "--format",
    "format_",
    type=click.Choice(["mermaid", "dot"]),
    default="mermaid",
    show_default=True,
    help="Mermaid for Markdown, dot for Graphviz.",
)
@set_option
@no_custom_code_option
def verb(config: str, format_: str, sets: tuple[str, ...]) -> None:
    """Draw the steps that a workflow would run, as text on stdout."""
    from beam_ingest.config.load import load

    picture = picture_of(load(config, sets=sets))
    for line in mermaid(picture) if format_ == "mermaid" else dot(picture):
        emit(line)


@dataclass
class Picture:
    """Boxes by id, and arrows between them, each with a text or none."""

    boxes: dict[str, str] = field(default_factory=dict)
    arrows: list[tuple[str, str, str]] = field(default_factory=list)

    def box(self, id_: str, text: str, *, after: str | None = None) -> str:
        """Add a box, and an arrow from the box ``after``."""
        self.boxes[id_] = text
        if after is not None:
            self.arrows.append((after, id_, ""))
        return id_


def picture_of(config: WorkflowConfig) -> Picture:
    """The steps of ``config``, as a graph is made of them."""
    return _stream(config) if config.is_unbounded else _bounded(config)


def _bounded(config: WorkflowConfig) -> Picture:
    """As ``flow/build.py`` has it.

    Parents pass through the same processors and writers before the first split is listed; the
    picture shows those once.
    """
    picture = Picture()
    source = config.source.step
    parents = picture.box("parents", f"{source}: parents")
    listing = picture.box("splits", f"{source}: list splits", after=parents)
    last = _processors(picture, config, picture.box("read", f"{source}: read", after=listing))
    first = "processor0" if config.processors else None
    ends = list(_writers(picture, config, last))
    picture.arrows.insert(0, (parents, first or ends[0][0], "first"))
    picture.box("finish", "finish: retire, commit, report")
    picture.arrows += [(end, "finish", "") for _, end in ends]
    return picture


def _stream(config: WorkflowConfig) -> Picture:
    """As ``flow/stream`` has it: processors stand behind the windows, and nothing is merged."""
    picture = Picture()
    source = config.source.step
    partitions = picture.box("partitions", f"{source}: partitions")
    read = picture.box("read", f"{source}: read", after=partitions)
    window = picture.box("gather", "gather each window", after=read)
    ends = list(_writers(picture, config, _processors(picture, config, window)))
    picture.box("acknowledge", f"{source}: acknowledge")
    picture.arrows += [(end, "acknowledge", "") for _, end in ends]
    return picture


def _processors(picture: Picture, config: WorkflowConfig, last: str) -> str:
    """Draw the processors behind the box ``last``; the last box there is then."""
    for number, processor in enumerate(config.processors):
        last = picture.box(f"processor{number}", processor.step, after=last)
    return last


def _writers(picture: Picture, config: WorkflowConfig, last: str) -> Iterator[tuple[str, str]]:
    """Draw what comes behind the processors; the first and the last box of each way out."""
    if config.sink is not None:
        name = config.sink.step
        if issubclass(config.sink.cls, StagedSink):
            ways = f"{name}: stage", f"{name}: publish"
            yield _staged(picture, config, last, "sink", *ways)
        else:
            write = picture.box("sink", f"{name}: write", after=last)
            yield write, picture.box("deferred", f"{name}: write deferred", after=write)
    if config.stage is not None and config.bulk_sink is not None:
        stage, bulk = f"{config.stage.step}: stage", f"{config.bulk_sink.step}: publish"
        yield _staged(picture, config, last, "bulk", stage, bulk)


def _staged(
    picture: Picture, config: WorkflowConfig, last: str, id_: str, stage: str, bulk: str
) -> tuple[str, str]:
    first = last = picture.box(f"{id_}_stage", stage, after=last)
    if not config.is_unbounded:
        last = picture.box(f"{id_}_merge", "group and merge", after=first)
    return first, picture.box(f"{id_}_publish", bulk, after=last)


def mermaid(picture: Picture) -> Iterator[str]:
    """The lines of a Mermaid flowchart."""
    yield "flowchart LR"
    for id_, text in picture.boxes.items():
        escaped = text.replace('"', "#quot;")
        yield f'  {id_}["{escaped}"]'
    for start, end, text in picture.arrows:
        yield f"  {start} -->|{text}| {end}" if text else f"  {start} --> {end}"


def dot(picture: Picture) -> Iterator[str]:
    """The lines of a Graphviz digraph."""
    yield "digraph workflow {"
    yield "  rankdir=LR; node [shape=box];"
    for id_, text in picture.boxes.items():
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        yield f'  {id_} [label="{escaped}"];'
    for start, end, text in picture.arrows:
        yield f'  {start} -> {end} [label="{text}"];' if text else f"  {start} -> {end};"
    yield "}"
