"""What runs the unbounded graph: Beam on a runner, or the loop of ``local``, in a thread."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from apache_beam.options.pipeline_options import PipelineOptions

from beam_ingest.flow import worker as workers
from beam_ingest.flow.launch import engines_left_behind, submitted
from beam_ingest.flow.plan import Plan
from beam_ingest.flow.remote_job import RemoteJob
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.stream.build import build_stream
from beam_ingest.flow.stream.local import run_local
from beam_ingest.flow.stream.pane import Panes
from beam_ingest.flow.stream.poller import Poller
from beam_ingest.flow.stream.read import Partition
from beam_ingest.flow.stream.windows import Windows


class Engine(Protocol):
    """Runs the graph in the background; ``error`` is what broke it."""

    error: BaseException | None

    def start(self, plan: Plan, windows: Windows, partitions: Sequence[Partition]) -> None:
        """Begin."""

    def wait(self, seconds: float) -> bool:
        """Wait so long for its end; whether it has ended."""

    def leave(self) -> None:
        """End it where it does not end by itself: nothing is left for it to do."""


class _Threaded:
    def __init__(self) -> None:
        self.error: BaseException | None = None
        self._thread: threading.Thread | None = None

    def _begin(self, target: Callable[[], None]) -> None:
        def guarded() -> None:
            try:
                target()
            except BaseException as error:  # told by the launcher
                self.error = error

        self._thread = threading.Thread(target=guarded, name="engine", daemon=True)
        self._thread.start()

    def wait(self, seconds: float) -> bool:
        """As ``Engine.wait``."""
        assert self._thread is not None  # noqa: S101 - it was started
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def leave(self) -> None:
        """As ``Engine.leave``."""
        if self._thread is not None and self._thread.is_alive():
            engines_left_behind.append(self._thread)


class LocalEngine(_Threaded):
    """This process."""

    def start(self, plan: Plan, windows: Windows, partitions: Sequence[Partition]) -> None:
        """As ``Engine.start``."""

        def run() -> None:
            worker = workers.enter(plan.run_dir, plan.max_failures)
            poller = Poller(plan, windows, RunDir(plan.run_dir), worker)
            panes = Panes(plan, windows, RunDir(plan.run_dir), worker)
            try:
                run_local(partitions, windows, poller, panes, worker.wait)
            finally:
                poller.close()
                panes.close()
                workers.leave(worker)

        self._begin(run)


class BeamEngine(_Threaded):
    """A Beam runner. One that is left is cancelled: streaming jobs do not end by themselves.

    Nor may they: where Flink's own source of the partitions has ended, Flink takes no checkpoint.
    """

    def __init__(
        self, runner: Any, options: PipelineOptions, remote: RemoteJob | None = None
    ) -> None:
        super().__init__()
        self._runner = runner
        self._options = options
        self._remote = remote
        self._result: Any = None

    def start(self, plan: Plan, windows: Windows, partitions: Sequence[Partition]) -> None:
        """As ``Engine.start``."""

        def run() -> None:
            self._result = submitted(
                lambda pipeline: build_stream(pipeline, plan, windows, partitions),
                self._runner, self._options, self._remote,
            )  # fmt: skip
            if self._remote is None:
                self._result.wait_until_finish()
            else:
                self._remote.follow(self._result)

        self._begin(run)

    def leave(self) -> None:
        """As ``Engine.leave``."""
        if self._remote is not None:
            self._remote.cancel()
            self.wait(10.0)
        elif self._result is not None:
            with contextlib.suppress(Exception):  # it may have ended meanwhile
                self._result.cancel()
            self.wait(10.0)
        super().leave()
