"""What every component is: a configuration, a context, and a life on one worker."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from beam_ingest.api.config_model import ConfigModel
from beam_ingest.api.settings import RunSettings


@dataclass(frozen=True, slots=True)
class Context:
    """What a component may know of its run. Frozen and picklable.

    ``source_config`` is the model of the workflow's ``sourceConfig.config`` with its filters
    (for a database source ``DatabaseMetadata``), None where the workflow has none; ``server``
    is the model of ``workflowConfig.openMetadataServerConfig``, or None. ``state`` is what the
    last successful run of the workflow remembered (see ``Remember``), for its source; else empty.
    ``unbounded`` says that the run has no end.
    """

    service_name: str = ""
    run_id: str = ""
    source_config: Any = None
    server: Any = None
    settings: RunSettings = field(default_factory=RunSettings)
    state: Mapping[str, Any] = field(default_factory=dict)
    unbounded: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """One named check of ``test-connection``.

    ``run`` returns a short text of what it found (or None) and raises an ``IngestError`` that
    says what is missing. Checks run in order; after a failed ``required`` one the rest are skipped.
    """

    name: str
    run: Callable[[], str | None]
    required: bool = True


class Component:
    """Base of sources, processors, sinks, stages and bulk sinks.

    The constructor only stores: a component is rebuilt on every worker from its type, its
    configuration and its context. Connections are made in ``open`` and ended in ``close``;
    ``close`` is also called after an ``open`` that failed half way.
    """

    class Config(ConfigModel):
        """No keys."""

    kind: ClassVar[str] = "component"

    config: Any
    context: Context

    def __init__(self, config: Any, context: Context) -> None:
        self.config = config
        self.context = context

    def open(self) -> None:
        """Connect. Called once on the worker before any other method but ``checks``."""

    def close(self) -> None:
        """Let go of what ``open`` took. May be called twice."""

    def checks(self) -> Iterable[Check]:
        """The named checks of ``test-connection``; each connects by itself (no ``open`` before)."""
        return ()
