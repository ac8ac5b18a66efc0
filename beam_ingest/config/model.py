"""A workflow that was checked: what the graph is built from."""

from __future__ import annotations

import builtins
from dataclasses import dataclass, field
from typing import Any

from beam_ingest.api.component import Component
from beam_ingest.api.config_model import ConfigModel
from beam_ingest.api.registry import Kind
from beam_ingest.api.server import OpenMetadataServer
from beam_ingest.api.source import StreamSource
from beam_ingest.config.beam_block import BeamBlock


@dataclass(frozen=True, slots=True)
class ComponentConfig:
    """A component and its configuration.

    ``step`` is its name in the report: unique in the workflow and fit for a file name.
    """

    kind: Kind
    type: str
    step: str
    cls: builtins.type[Component]
    config: ConfigModel


@dataclass(frozen=True, slots=True)
class WorkflowConfig:
    """A workflow. There is a sink, or a stage with a bulk sink, or all three.

    ``path`` is the file, None for a mapping or standard input; ``source_config`` is None where
    none is written; ``success_threshold`` is in percent; ``document`` is the workflow as
    written, with references unresolved and literal secrets masked; ``notices`` are what the
    user should know of keys that do nothing here.
    """

    path: str | None
    source: ComponentConfig
    service_name: str
    source_config: ConfigModel | None
    processors: tuple[ComponentConfig, ...] = ()
    sink: ComponentConfig | None = None
    stage: ComponentConfig | None = None
    bulk_sink: ComponentConfig | None = None
    server: OpenMetadataServer | None = None
    success_threshold: float = 100.0
    raise_on_error: bool = True
    logger_level: str = "INFO"
    ingestion_pipeline_fqn: str | None = None
    pipeline_run_id: str | None = None
    beam: BeamBlock = field(default_factory=BeamBlock)
    document: dict[str, Any] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    connection_from_server: bool = False
    """The workflow has no ``serviceConnection``: the server has it, by the service's name."""

    @property
    def components(self) -> list[ComponentConfig]:
        """All of them, in the order of the graph."""
        last = [part for part in (self.sink, self.stage, self.bulk_sink) if part is not None]
        return [self.source, *self.processors, *last]

    @property
    def is_unbounded(self) -> bool:
        """Whether the source has no end."""
        return issubclass(self.source.cls, StreamSource)
