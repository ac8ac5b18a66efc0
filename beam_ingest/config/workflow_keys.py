"""The keys of a workflow file, as OpenMetadata has them, and ours beside them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, field_validator

from beam_ingest.api.config_model import ConfigModel, Ignored
from beam_ingest.api.server import OpenMetadataServer
from beam_ingest.config.beam_block import BeamBlock

_UUID = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"

StepName = Annotated[
    str, StringConstraints(min_length=1, max_length=60, pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")
]


class ConfigSection(ConfigModel):
    """A mapping with nothing but ``config`` in it."""

    config: dict[str, Any] = Field(default_factory=dict, description="The keys of the type.")


class SourceSection(ConfigModel):
    """``source``."""

    type: str = Field(description="A type of 'beam-ingest list source', or a dotted path.")
    name: StepName | None = Field(None, description="The step's name in the report.")
    service_name: str = Field(
        "", max_length=256, description="The service's name, the first part of every name read."
    )
    service_connection: ConfigSection | None = Field(None, description="How to connect.")
    source_config: ConfigSection | None = Field(None, description="What to read.")
    config: dict[str, Any] | None = Field(
        None, description="A short form of serviceConnection.config."
    )

    @field_validator("service_name")
    @classmethod
    def _is_a_name(cls, value: str) -> str:
        if "::" in value:
            raise ValueError("a name must not hold '::'")
        return value


class StepSection(ConfigModel):
    """``sink``, ``stage``, ``bulkSink``, ``processor`` or one of ``processors``."""

    type: str = Field(description="A type of 'beam-ingest list', or a dotted path.")
    name: StepName | None = Field(None, description="The step's name in the report.")
    config: dict[str, Any] = Field(default_factory=dict, description="The keys of the type.")


class WorkflowSettings(ConfigModel):
    """``workflowConfig``."""

    logger_level: Literal["DEBUG", "INFO", "WARN", "ERROR"] = Field(
        "INFO", description="How much is logged."
    )
    raise_on_error: bool = Field(
        True, description="Whether failures of records and splits end in an exit code other than 0."
    )
    success_threshold: float = Field(
        100, ge=0, le=100, description="The percentage of records that must not fail."
    )
    open_metadata_server_config: OpenMetadataServer | None = Field(
        None, description="The OpenMetadata server of sinks and sources that need one."
    )
    config: Annotated[
        dict[str, Any] | None, Ignored("it configures OpenMetadata's own applications")
    ] = None


class WorkflowKeys(ConfigModel):
    """The top of a workflow; the sections of components are checked on their own."""

    source: Any = Field(description="Where records come from.")
    processor: Any = Field(None, description="OpenMetadata's one processor; before processors.")
    processors: list[Any] = Field(
        default_factory=list, description="What each record passes through, in order."
    )
    sink: Any = Field(None, description="What writes records, batch by batch.")
    stage: Any = Field(None, description="What stores records in files, for the bulk sink.")
    bulk_sink: Any = Field(None, description="What publishes the staged files.")
    workflow_config: WorkflowSettings = Field(
        default_factory=WorkflowSettings, description="Settings of the whole workflow."
    )
    ingestion_pipeline_fqn: str | None = Field(
        None,
        alias="ingestionPipelineFQN",
        description="The pipeline on the server whose status this run reports.",
    )
    pipeline_run_id: Annotated[str, StringConstraints(pattern=_UUID)] | None = Field(
        None, description="The UUID of this run of the pipeline."
    )
    enable_streamable_logs: Annotated[
        bool, Ignored("logs are not sent to the server; they stay where the run is started")
    ] = False
    ingestion_runner_name: Annotated[
        str | None, Ignored("beam.runner says where a workflow is run")
    ] = None
    beam: BeamBlock = Field(default_factory=BeamBlock, description="How the workflow is run.")
