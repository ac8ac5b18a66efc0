"""The engine of an unbounded run: a loop on this machine, or Beam with what streaming needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from apache_beam.options.pipeline_options import StandardOptions

from beam_ingest.api.progress import ProgressListener
from beam_ingest.api.report import Report
from beam_ingest.config.model import WorkflowConfig
from beam_ingest.config.place import beam_name
from beam_ingest.flow.plan import Plan
from beam_ingest.flow.stream.check import check_stream
from beam_ingest.flow.stream.engine import BeamEngine, Engine, LocalEngine
from beam_ingest.flow.stream.launch import launch_stream
from beam_ingest.flow.watch import Patience
from beam_ingest.runners import options

CHECKPOINTS = 2_000
"""Milliseconds between checkpoints on Flink, unless the workflow says otherwise."""


def stream_runner(
    config: WorkflowConfig, plan: Plan, listener: ProgressListener | None, *, handle_signals: bool
) -> Callable[[], Report]:
    """What runs ``plan``. Raises ``CannotStart`` for what cannot be run so."""
    beam = config.beam
    patience = Patience(beam.stall_timeout, beam.long_call_timeout)
    if beam.runner == "local":
        check_stream(plan)
        return lambda: launch_stream(
            plan,
            LocalEngine(),
            patience=patience,
            listener=listener,
            handle_signals=handle_signals,
        )
    found = stream_engine(config, plan)

    def run() -> Report:
        with found.surroundings():
            remote = found.remote(plan.run_dir)
            engine: Engine = BeamEngine(found.runner, found.options, remote)
            return launch_stream(
                plan,
                engine,
                patience=patience,
                listener=listener,
                handle_signals=handle_signals,
            )

    return run


def stream_engine(config: WorkflowConfig, plan: Plan) -> options.Engine:
    """Beam's engine for ``plan``, as a stream. Raises ``CannotStart`` for what cannot be run so."""
    check_stream(plan)
    beam = config.beam
    given = dict(beam.options)
    if beam_name(beam.runner) == "FlinkRunner":
        given.setdefault("checkpointing_interval", CHECKPOINTS)
    told = replace(config, beam=beam.model_copy(update={"options": given}))
    found = options.engine_for(told, plan.run_id, plan.run_dir, plan.attempt)
    found.options.view_as(StandardOptions).streaming = True
    return found
