"""From a checked configuration to the parts of a plan: specs of components, and writers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from beam_ingest.api.component import Component, Context
from beam_ingest.api.registry import Kind, custom_code_is_forbidden, find
from beam_ingest.api.sink import StagedSink
from beam_ingest.config.beam_block import BeamBlock
from beam_ingest.config.model import ComponentConfig, WorkflowConfig
from beam_ingest.flow.plan import Writer
from beam_ingest.flow.spec import ComponentSpec, config_to_json, context_to_json
from beam_ingest.flow.stream.windows import Windows, millis


def writers_of(config: WorkflowConfig, context: Context) -> Iterator[Writer]:
    """The ways out of a workflow: its sink, and its stage with the bulk sink behind it."""
    if config.sink is not None:
        if issubclass(config.sink.cls, StagedSink):
            stage, bulk = _staged(config.sink, context)
            yield Writer(_slug(config.sink.step), stage=stage, bulk=bulk)
        else:
            yield Writer(_slug(config.sink.step), sink=spec_of(config.sink, context))
    if config.stage is not None and config.bulk_sink is not None:
        name = _slug(config.bulk_sink.step)
        if config.sink is not None and _slug(config.sink.step) == name:
            name += "-bulk"  # a writer's name stands in the names of its marks
        stage, bulk = spec_of(config.stage, context), spec_of(config.bulk_sink, context)
        yield Writer(name, stage=stage, bulk=bulk)


def windows_of(beam: BeamBlock) -> Windows:
    """The windows of an unbounded run, and when their panes are published."""
    trigger = beam.trigger
    return Windows(
        size=millis(beam.window.fixed if beam.window else 60.0),
        lateness=millis(beam.allowed_lateness or 0.0),
        late=beam.late,
        count=trigger.count if trigger else None,
        bytes=trigger.bytes if trigger else None,
        delay=millis(trigger.delay) if trigger and trigger.delay else None,
    )


def _staged(sink: ComponentConfig, context: Context) -> tuple[ComponentSpec, ComponentSpec]:
    """The stage and the bulk sink underneath a staged sink."""
    staged = sink.cls(sink.config, context)
    assert isinstance(staged, StagedSink)  # noqa: S101 - asked by the caller
    stage_cls, bulk_cls = find(Kind.STAGE, staged.stage), find(Kind.BULK_SINK, staged.bulk_sink)
    stage = ComponentConfig(
        Kind.STAGE, staged.stage, f"{sink.step} (stage)", stage_cls,
        stage_cls.Config.model_validate(staged.stage_config()),
    )  # fmt: skip
    bulk = ComponentConfig(
        Kind.BULK_SINK, staged.bulk_sink, sink.step, bulk_cls,
        bulk_cls.Config.model_validate(staged.bulk_config()),
    )  # fmt: skip
    return spec_of(stage, context), spec_of(bulk, context)


def spec_of(component: ComponentConfig, context: Context) -> ComponentSpec:
    """A component as it travels to the workers."""
    return ComponentSpec(
        kind=component.kind.value,
        type=component.type,
        step=component.step,
        config=config_to_json(component.config),
        context=context_to_json(context),
        code_paths=() if custom_code_is_forbidden() else (str(Path.cwd()),),
    )


def _slug(step: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "_", step)


def parts_of(component: Component) -> Iterator[Component]:
    """A component, and what is underneath a staged sink."""
    yield component
    if isinstance(component, StagedSink):
        for kind, type_, config in (
            (Kind.STAGE, component.stage, component.stage_config()),
            (Kind.BULK_SINK, component.bulk_sink, component.bulk_config()),
        ):
            cls = find(kind, type_)
            yield cls(cls.Config.model_validate(config), component.context)
