"""What all DoFns of the graph share: the plan, the worker, and a component built on first use."""

from __future__ import annotations

import logging
import threading
from typing import Any

import apache_beam as beam

from beam_ingest.api.component import Component
from beam_ingest.api.errors import FatalError
from beam_ingest.flow import worker as workers
from beam_ingest.flow.counters import tell
from beam_ingest.flow.dead_letter import RAISED, reason_of
from beam_ingest.flow.plan import Plan
from beam_ingest.flow.retry import RetryPolicy, retrying
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.spec import ComponentSpec
from beam_ingest.flow.versions import mismatch
from beam_ingest.flow.worker import Worker

VERSIONS_HINT = "install the same versions where the run is launched and where it works"

_log = logging.getLogger(__name__)


class StepFn(beam.DoFn):
    """A step with one component. Serialized, it is the plan and a spec: plain values."""

    def __init__(self, plan: Plan, spec: ComponentSpec) -> None:
        self.plan = plan
        self.spec = spec

    def setup(self) -> None:
        """On the worker: join the run."""
        self.worker: Worker = joined(self.plan)
        self._component = OpenedOnce(self.spec, self.worker)

    @property
    def run(self) -> RunDir:
        """The run directory."""
        return self.worker.run

    def component(self) -> Any:
        """The component, built and opened on first use: see ``OpenedOnce``."""
        return self._component.get()

    def _stop(self, error: BaseException) -> None:
        """Stop the run: what ``open`` raised, no record can survive."""
        if isinstance(error, FatalError):
            self.worker.fatal(error)
        else:
            self.worker.request_stop(f"{self.spec.step}: {reason_of(error)}", 1)

    def finish_bundle(self) -> None:
        """Tell the engine what was counted."""
        tell(self.worker)

    def teardown(self) -> None:
        """Close the component and leave the run."""
        if hasattr(self, "_component"):
            self._component.close()
        if hasattr(self, "worker"):
            workers.leave(self.worker)
            del self.worker


def joined(plan: Plan) -> Worker:
    """This process's worker of the run, to be left again; other versions here stop the run."""
    worker = workers.enter(plan.run_dir, plan.max_failures)
    if not worker.is_stopping() and (why := mismatch(plan.versions)) is not None:
        worker.request_stop(why, 2, VERSIONS_HINT)
    return worker


class OpenedOnce:
    """A component, built and opened on first use. Thread-safe."""

    def __init__(self, spec: ComponentSpec, worker: Worker) -> None:
        self._spec = spec
        self._worker = worker
        self._component: Any = None
        self._opening = threading.Lock()

    def get(self, policy: RetryPolicy | None = None) -> Any:
        """The component; what ``open`` raises passes.

        A ``TransientError`` is tried again with another one, and given up as ``GaveUp``.
        """
        with self._opening:
            if self._component is None:
                policy = policy or RetryPolicy()
                self._component = retrying(self._opened, self._worker.wait, policy)
            return self._component

    def close(self) -> None:
        """Close it, if it was opened. May be called twice."""
        component, self._component = self._component, None
        if component is not None:
            close(component, self._spec.step)

    def _opened(self) -> Any:
        component = self._spec.build()
        try:
            component.open()
        except BaseException:
            close(component, self._spec.step)
            raise
        return component


def close(component: Component, step: str) -> None:
    """Close ``component``; what that raises is told, since it is no longer the run's concern."""
    try:
        component.close()
    except RAISED as error:  # whatever a user's close() raises, the run goes on
        _log.warning("%s: close: %s", step, reason_of(error))
