"""What is to be run: the components by their specs, and the settings of the run."""

from __future__ import annotations

from dataclasses import dataclass, field

from beam_ingest.api.settings import RunSettings
from beam_ingest.flow.spec import ComponentSpec
from beam_ingest.flow.stream.windows import Windows


@dataclass(frozen=True, slots=True)
class Writer:
    """One way out of the workflow: a sink, or a stage with the bulk sink behind it.

    ``name`` is the step's name; it stands in file names.
    """

    name: str
    sink: ComponentSpec | None = None
    stage: ComponentSpec | None = None
    bulk: ComponentSpec | None = None

    @property
    def target(self) -> ComponentSpec:
        """The component that talks to the outside: the sink or the bulk sink."""
        component = self.sink or self.bulk
        assert component is not None  # noqa: S101 - a writer has one of both by construction
        return component


@dataclass(frozen=True, slots=True)
class StatePlace:
    """The folder of a workflow's state, its name, and the run whose state this run goes on from."""

    root: str
    name: str
    since: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A run, as plain values: what every DoFn is built from."""

    run_id: str
    run_dir: str
    workflow: str | None
    source: ComponentSpec
    processors: tuple[ComponentSpec, ...]
    writers: tuple[Writer, ...]
    settings: RunSettings
    success_threshold: float = 100.0
    max_failures: int | None = None
    dry_run: bool = False
    allow_retire: bool = False
    started_at: str = ""
    attempt: int = 1
    """Which attempt at the run this is: a resumed run counts on."""
    versions: dict[str, str] = field(default_factory=dict)
    """What workers must have to take part (``flow.versions``)."""
    replays: str | None = None
    """The run, or the file, whose dead letters this run replays: they are its source."""
    state: StatePlace | None = None
    """Where what the source remembers is kept; None for one that does not."""

    windows: Windows | None = None
    """Of an unbounded run; None for one that ends."""

    @property
    def steps(self) -> list[tuple[str, str]]:
        """(name, kind) of every step, in the order in which data passes through them."""
        steps = [(self.source.step, "source")]
        steps += [(processor.step, "processor") for processor in self.processors]
        for writer in self.writers:
            if writer.sink is not None:
                steps.append((writer.sink.step, "sink"))
            if writer.stage is not None:
                steps.append((writer.stage.step, "stage"))
            if writer.bulk is not None:
                steps.append((writer.bulk.step, "bulk-sink"))
            steps.append((deferred_step(writer), "deferred"))
        return steps


def deferred_step(writer: Writer) -> str:
    """The name of the step that writes what the sink or bulk sink put off."""
    return f"{writer.target.step} (deferred)"
