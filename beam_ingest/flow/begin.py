"""Begin, commit, abort: what a sink does once a run, remembered so that it is safe to repeat.

``tokens/<component>.json`` says how far it has come: ``beginning`` is written before ``begin`` is
called, so that a run that dies inside it can still be aborted: ``begin`` is idempotent by run id,
calling it again gives the token.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from beam_ingest.api.bulk_sink import BulkSink, Tally
from beam_ingest.api.errors import NotComplete
from beam_ingest.api.sink import Sink
from beam_ingest.flow.dead_letter import reason_of
from beam_ingest.flow.plan import Plan, Writer
from beam_ingest.flow.retry import RetryPolicy, retrying
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.step import StepFn

UNDER_WAY = ("beginning", "begun")
"""The states of a token from which a commit or an abort is still to come."""


class BeginFn(StepFn):
    """Any element -> nothing; before anything is read, the component has begun."""

    def __init__(self, plan: Plan, writer: Writer) -> None:
        super().__init__(plan, writer.target)
        self.writer = writer

    def process(self, _: object) -> Iterator[None]:
        """Call ``begin`` once a run; what it raises stops the run before it reads."""
        if not self.worker.is_stopping():
            try:
                begin(self.run, self.writer.name, self.component(), self.worker.wait)
            except Exception as error:  # a run whose sink cannot begin cannot start
                self._stop(error)
        yield from ()


def begin(run: RunDir, name: str, component: Sink | BulkSink, wait: Any) -> None:
    """Begin, unless that was done; the token is on disk before it is used."""
    state, _ = run.token(name)
    if state == "begun":
        return
    run.write_token(name, "beginning", None)
    try:
        token = retrying(component.begin, wait, RetryPolicy())
    except Exception:
        run.write_token(name, "refused", None)  # nothing has begun, so nothing is to be aborted
        raise
    run.write_token(name, "begun", token)


def end(
    run: RunDir,
    name: str,
    component: Sink | BulkSink,
    wait: Any,
    *,
    commit: bool,
    tally: Tally | None = None,
) -> str | None:
    """Commit or abort what has begun, once; why that failed, or None.

    Before a commit a bulk sink is shown the ``tally``: what is not all there is aborted.
    """
    state, token = run.token(name)
    if state not in UNDER_WAY:
        return None
    missing = None
    try:
        if state == "beginning":
            token = retrying(component.begin, wait, RetryPolicy())
        commit = commit and state == "begun"
        if commit and isinstance(component, BulkSink):
            component.notes = run.notes(name)
            missing = _missing(component, token, tally, wait) if tally is not None else None
        if commit and missing is None:
            retrying(lambda: component.commit(token), wait, RetryPolicy())
            run.write_token(name, "committed", token)
        else:
            retrying(lambda: component.abort(token), wait, RetryPolicy())
            run.write_token(name, "aborted", token)
    except Exception as error:  # the run's end is told, whatever a sink raises
        return reason_of(error)
    return missing


def _missing(component: BulkSink, token: Any, tally: Tally, wait: Any) -> str | None:
    try:
        retrying(lambda: component.verify(token, tally), wait, RetryPolicy())
    except NotComplete as error:
        return reason_of(error)
    return None
