"""The ``beam:`` block: every key that is ours and not OpenMetadata's, with default and range."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from beam_ingest.api.config_model import ConfigModel
from beam_ingest.api.settings import RunSettings
from beam_ingest.config.duration import Duration
from beam_ingest.config.explain import nearest
from beam_ingest.config.place import Place, place_of

_RUNNERS = ("local", "flink", "dataflow", "prism")
_BEAM_RUNNERS = (
    "DataflowRunner", "DirectRunner", "BundleBasedDirectRunner", "FlinkRunner", "FnApiRunner",
    "PortableRunner", "PrismRunner", "SparkRunner",
)  # fmt: skip

_SHORTEST = 0.001


class Window(ConfigModel):
    """How an unbounded run is cut into windows."""

    fixed: Annotated[Duration, Field(ge=_SHORTEST)] = Field(
        description="The length of each window."
    )


class Trigger(ConfigModel):
    """When a window's records are published before it ends."""

    count: int | None = Field(None, ge=1, description="After so many messages.")
    bytes: int | None = Field(None, ge=1, description="After so many bytes.")
    delay: Duration | None = Field(None, description="So long after the first message.")


class BeamBlock(RunSettings):
    """How a workflow is run."""

    runner: str = Field(
        "local",
        description="local, flink, dataflow, prism, or any Beam runner by its class name.",
        json_schema_extra={"examples": [*_RUNNERS, *_BEAM_RUNNERS]},
    )
    workers: int = Field(
        1, ge=1, le=10_000, description="Processes of a local run; the parallelism elsewhere."
    )
    work_dir: str = Field(
        "runs", min_length=1, description="Where run directories are kept: a path or URL."
    )
    state_name: str | None = Field(
        None,
        min_length=1,
        description="Under which name the workflow remembers where it has come to; by default "
        "that of the ingestion pipeline, or the source's type and service.",
    )
    options: dict[str, Any] = Field(
        default_factory=dict, description="Any Beam pipeline options, by name."
    )
    max_failures: int | None = Field(
        None, ge=1, description="Stop early after so many dead letters; never if null."
    )
    shared_paths: list[str] = Field(
        default_factory=list,
        description="Folders that every worker sees under the same path, such as a network share.",
    )
    worker_code: Literal["auto", "ship", "installed"] = Field(
        "auto",
        description="How this package and your own modules get to remote workers: ship sends "
        "them, installed expects them there; auto sends what the workers' image does not hold.",
    )
    stall_timeout: Duration = Field(
        600.0,
        description="After so long without progress the run is stopped, and says where it hangs.",
    )
    long_call_timeout: Duration = Field(
        7200.0,
        description="The same where a call may rightly take long: publishing a file, merging, "
        "a wave of deferred records, retiring and committing at the end.",
    )
    window: Window | None = Field(
        None, description="Windows of an unbounded run; of a minute if null."
    )
    trigger: Trigger | None = Field(
        None, description="When an unbounded run publishes before a window ends."
    )
    poll: Duration | None = Field(
        None,
        description="Run again and again, this often: the splits are listed anew, and what did not "
        "change is not sent.",
    )
    allowed_lateness: Duration | None = Field(
        None, description="How long after its window's end a message still counts into it."
    )
    late: Literal["publish", "deadLetter"] = Field(
        "publish",
        description="What becomes of a message that comes later still: it is published with the "
        "window that is open then, or is a dead letter.",
    )

    @property
    def place(self) -> Place:
        """Where the workers are."""
        return place_of(self.runner, self.options)

    @property
    def is_local(self) -> bool:
        """Whether the workers are this process's own: they see its files, variables, secrets."""
        return self.place is Place.INSIDE

    @field_validator("workers")
    @classmethod
    def _has_a_connection_for_each(cls, workers: int, info: ValidationInfo) -> int:
        most = info.data.get("max_connections")
        if most is not None and workers > most:
            raise ValueError(
                f"each of {workers} workers needs a connection to the source, and maxConnections "
                f"allows {most} over the whole run: write workers: {most}, or raise maxConnections"
            )
        return workers

    @field_validator("runner")
    @classmethod
    def _is_a_runner(cls, value: str) -> str:
        if value in _RUNNERS or value in _BEAM_RUNNERS or "." in value:
            return value
        known = (*_RUNNERS, *_BEAM_RUNNERS)
        close = nearest(value, known)
        hint = f"did you mean {close!r}?" if close else f"there are: {', '.join(known)}"
        raise ValueError(f"there is no such runner; {hint}")
