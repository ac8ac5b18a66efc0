"""A workflow, on one page: configuration -> plan -> graph -> runner -> report.

::

    report = Workflow.from_config("workflow.yaml").run()
    report.raise_for_status()

Nothing here imports Beam before ``run``.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from beam_ingest.api.component import Check, Context
from beam_ingest.api.progress import ProgressListener
from beam_ingest.api.record import Record
from beam_ingest.api.registry import Kind, find
from beam_ingest.api.report import Report
from beam_ingest.api.settings import RunSettings
from beam_ingest.api.sink import StagedSink
from beam_ingest.config.load import load
from beam_ingest.config.model import ComponentConfig, WorkflowConfig

if TYPE_CHECKING:
    from beam_ingest.flow.plan import Plan, Writer
    from beam_ingest.flow.replay import Replayed
    from beam_ingest.flow.spec import ComponentSpec


class Workflow:
    """One checked workflow. May be run any number of times, each in a directory of its own."""

    def __init__(self, config: WorkflowConfig) -> None:
        self.config = config

    @classmethod
    def from_config(
        cls, source: str | Path | Mapping[str, Any], *, sets: Sequence[str] = ()
    ) -> Workflow:
        """The workflow of a YAML or JSON file (``-``: standard input) or of a mapping.

        ``sets`` are overrides, ``a.b=c``. Raises ``ConfigError`` with every problem at once.
        """
        return cls(load(source, sets=sets))

    def run(
        self,
        *,
        dry_run: bool = False,
        run_dir: str | None = None,
        resume: str | None = None,
        allow_retire: bool = False,
        listener: ProgressListener | None = None,
        handle_signals: bool = False,
    ) -> Report:
        """Run it to its end; what failed is in the report, not raised.

        ``run_dir`` is a new directory; by default one in ``beam.workDir``. ``resume`` takes up a
        run that did not end well (its directory, its id, or ``latest``): only what has no mark is
        read. ``dry_run`` reads and processes everything and writes nothing. ``allow_retire`` lets
        more than ``beam.retire.maxShare`` of a scope be retired, this once. With
        ``handle_signals`` (on the main thread) Ctrl-C and SIGTERM end the run cleanly.
        Raises ``IngestError`` for a run that cannot start; then nothing was written.
        """
        from beam_ingest.flow.dead_runs import abort_dead_runs
        from beam_ingest.flow.dry_run import without_writing
        from beam_ingest.flow.prepare import prepare_run
        from beam_ingest.flow.resume import resume_run
        from beam_ingest.online import reported

        self._connect()
        temporary = tempfile.mkdtemp(prefix="beam-ingest-") if dry_run else None
        try:
            plan = self._resumed(resume) if resume else self._new_plan(temporary or run_dir)
            plan = replace(plan, allow_retire=allow_retire)
            plan = without_writing(plan) if dry_run else plan
            engine = self._engine(plan, listener, handle_signals=handle_signals)
            lock = (resume_run if resume else prepare_run)(plan, self.config.document)
            try:
                if not dry_run:
                    abort_dead_runs(plan, self.config.document, lambda seconds: True)
                # A dry run is nobody's business but the user's.
                return engine() if dry_run else reported(self.config, plan, engine)
            finally:
                lock.release()
        finally:
            if temporary is not None:
                shutil.rmtree(temporary, ignore_errors=True)

    def replay(
        self,
        target: str,
        *,
        step: str | None = None,
        run_dir: str | None = None,
        listener: ProgressListener | None = None,
        handle_signals: bool = False,
    ) -> Replayed:
        """Run dead letters again, each from the step it failed in, and note those that pass.

        ``target`` is a run (as in ``run``'s ``resume``) or a file of dead letters, of which
        nothing is noted; ``step`` takes only the letters of that step. The other parameters are
        those of ``run``. Raises ``IngestError`` where it cannot start; then nothing was written.
        """
        from beam_ingest.flow.letters import find_letters
        from beam_ingest.flow.prepare import prepare_run
        from beam_ingest.flow.replay import locked, replay_of

        self._connect()
        # A replay is not the base of what a later run leaves out as unchanged.
        beam = self.config.beam.model_copy(update={"skip_unchanged": "off"})
        workflow = Workflow(replace(self.config, beam=beam))
        plan = workflow._new_plan(run_dir)
        letters = find_letters(beam.work_dir, target)
        with locked(letters):
            replay = replay_of(plan, letters, step)
            if replay.plan is None:
                return replay.nothing()
            engine = workflow._engine(replay.plan, listener, handle_signals=handle_signals)
            lock = prepare_run(replay.plan, self.config.document)
            try:
                return replay.settle(engine())
            finally:
                lock.release()

    def preview(self, limit: int) -> Iterator[Record]:
        """The first ``limit`` records after the processors, in this process; touches no output."""
        from beam_ingest.flow.preview import preview

        self._connect()
        config, opened = self.config, []
        try:
            for spec in (config.source, *config.processors):
                component = spec.cls(spec.config, self._context("preview"))
                opened.append(component)
                component.open()
            source: Any = opened[0]
            processors: list[Any] = opened[1:]
            steps = [spec.step for spec in config.processors]
            yield from preview(source, list(zip(steps, processors, strict=True)), limit)
        finally:
            for component in opened:
                component.close()

    def checks(self) -> Iterator[tuple[str, Check]]:
        """The named checks of every component, each with its step's name."""
        self._connect()
        config = self.config
        last = [spec for spec in (config.sink, config.stage, config.bulk_sink) if spec]
        for spec in (config.source, *config.processors, *last):
            for check in spec.cls(spec.config, self._context("test-connection")).checks():
                yield spec.step, check

    def _engine(
        self, plan: Plan, listener: ProgressListener | None, *, handle_signals: bool
    ) -> Callable[[], Report]:
        """What runs ``plan``. Raises ``IngestError`` for options that no runner takes."""
        from beam_ingest.flow.launch import launch
        from beam_ingest.runners.local import secrets_for_workers
        from beam_ingest.runners.options import engine_for

        beam = self.config.beam
        engine = engine_for(beam, plan.run_id, plan.run_dir)

        def run() -> Report:
            workers = beam.workers if beam.is_local else 1
            with secrets_for_workers(workers), engine.surroundings():
                return launch(
                    plan,
                    engine.runner,
                    engine.options,
                    stall_timeout=beam.stall_timeout,
                    listener=listener,
                    handle_signals=handle_signals,
                )

        return run

    def _connect(self) -> None:
        if self.config.connection_from_server:
            from beam_ingest.online import connected

            self.config = connected(self.config)

    def _context(self, run_id: str) -> Context:
        config = self.config
        beam = config.beam
        values = {name: getattr(beam, name) for name in RunSettings.model_fields}
        if beam.max_connections is not None:
            # The limit is the whole run's, and a component knows its own process only.
            values["max_connections"] = max(1, beam.max_connections // beam.workers)
        settings = RunSettings(**values)
        return Context(config.service_name, run_id, config.source_config, config.server, settings)

    def _new_plan(self, run_dir: str | None) -> Plan:
        from beam_ingest.flow.prepare import new_run_id

        run_id = new_run_id()
        return self._plan(run_id, run_dir or f"{self.config.beam.work_dir.rstrip('/')}/{run_id}")

    def _resumed(self, name: str) -> Plan:
        from beam_ingest.flow.resume import find_run, read_run

        run_dir = find_run(self.config.beam.work_dir, name)
        before = read_run(run_dir)
        plan = self._plan(before["runId"], run_dir)
        return replace(plan, started_at=before["startedAt"], attempt=before["attempt"] + 1)

    def _plan(self, run_id: str, run_dir: str) -> Plan:
        from beam_ingest.flow.finish import now
        from beam_ingest.flow.plan import Plan

        config, context = self.config, self._context(run_id)
        return Plan(
            run_id=run_id,
            run_dir=_absolute(run_dir),
            workflow=config.path,
            source=_spec(config.source, context),
            processors=tuple(_spec(processor, context) for processor in config.processors),
            writers=tuple(_writers(config, context)),
            settings=context.settings,
            success_threshold=config.success_threshold,
            max_failures=config.beam.max_failures,
            started_at=now(),
        )


def _writers(config: WorkflowConfig, context: Context) -> Iterator[Writer]:
    from beam_ingest.flow.plan import Writer

    if config.sink is not None:
        if issubclass(config.sink.cls, StagedSink):
            stage, bulk = _staged(config.sink, context)
            yield Writer(_slug(config.sink.step), stage=stage, bulk=bulk)
        else:
            yield Writer(_slug(config.sink.step), sink=_spec(config.sink, context))
    if config.stage is not None and config.bulk_sink is not None:
        name = _slug(config.bulk_sink.step)
        if config.sink is not None and _slug(config.sink.step) == name:
            name += "-bulk"  # a writer's name stands in the names of its marks
        stage, bulk = _spec(config.stage, context), _spec(config.bulk_sink, context)
        yield Writer(name, stage=stage, bulk=bulk)


def _staged(sink: ComponentConfig, context: Context) -> tuple[ComponentSpec, ComponentSpec]:
    """The stage and the bulk sink underneath a staged sink."""
    staged = sink.cls(sink.config, context)
    assert isinstance(staged, StagedSink)  # noqa: S101 - asked by the caller
    stage_cls, bulk_cls = find(Kind.STAGE, staged.stage), find(Kind.BULK_SINK, staged.bulk_sink)
    stage = ComponentConfig(
        Kind.STAGE, staged.stage, f"{sink.step} (stage)", stage_cls,
        stage_cls.Config.model_validate(staged.stage_config()),
    )  # fmt: skip
    bulk = ComponentConfig(
        Kind.BULK_SINK, staged.bulk_sink, sink.step, bulk_cls,
        bulk_cls.Config.model_validate(staged.bulk_config()),
    )  # fmt: skip
    return _spec(stage, context), _spec(bulk, context)


def _spec(component: ComponentConfig, context: Context) -> ComponentSpec:
    from beam_ingest.flow.spec import ComponentSpec, config_to_json, context_to_json

    return ComponentSpec(
        kind=component.kind.value,
        type=component.type,
        step=component.step,
        config=config_to_json(component.config),
        context=context_to_json(context),
        code_paths=(str(Path.cwd()),),
    )


def _slug(step: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "_", step)


def _absolute(path: str) -> str:
    return path if "://" in path else str(Path(path).expanduser().absolute())
