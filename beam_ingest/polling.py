"""A workflow with ``beam.poll``, run again and again: see ``flow/ticks.py``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from beam_ingest.api.report import Report
from beam_ingest.workflow import Workflow


def run_polled(
    workflow: Workflow,
    *,
    told: Callable[[Report], None] | None = None,
    handle_signals: bool = False,
    **options: Any,
) -> Report:
    """Run ``workflow`` every ``beam.poll`` seconds until a signal ends it.

    ``told`` is given each tick's report; the one returned is that of the last tick that was not
    stopped by the signal. ``options`` are those of ``Workflow.run``, for each tick. Raises what
    the first tick raises.
    """
    from beam_ingest.flow.ticks import run_ticks

    beam, every = workflow.config.beam, workflow.config.beam.poll
    assert every is not None  # noqa: S101 - asked by the caller
    if beam.skip_unchanged == "off":
        beam = beam.model_copy(update={"skip_unchanged": "local"})
    ticking = Workflow(replace(workflow.config, beam=beam))
    return run_ticks(
        lambda: ticking.run(handle_signals=handle_signals, **options),
        every,
        told=told,
        handle_signals=handle_signals,
    )
