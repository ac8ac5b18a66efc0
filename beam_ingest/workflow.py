"""A workflow, on one page: configuration -> plan -> graph -> runner -> report.

::

    report = Workflow.from_config("workflow.yaml").run()
    report.raise_for_status()

Nothing here imports Beam before ``run``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from beam_ingest.api.component import Check, Context
from beam_ingest.api.errors import CannotStart
from beam_ingest.api.progress import ProgressListener
from beam_ingest.api.record import Record
from beam_ingest.api.report import Report
from beam_ingest.api.settings import RunSettings
from beam_ingest.config.load import load
from beam_ingest.config.model import WorkflowConfig
from beam_ingest.execution import Submitted, begun, hand_over, run_to_end, runs, settle

if TYPE_CHECKING:
    from beam_ingest.flow.plan import Plan
    from beam_ingest.flow.remembered import How
    from beam_ingest.flow.replay import Replayed
    from beam_ingest.runners.options import Engine


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
        state: How = "go on",
        listener: ProgressListener | None = None,
        handle_signals: bool = False,
        cancels: Callable[[int], bool] | None = None,
    ) -> Report:
        """Run it to its end; what failed is in the report, not raised.

        ``run_dir`` is a new directory; by default one in ``beam.workDir``. ``resume`` takes up a
        run that did not end well (its directory, its id, or ``latest``): only what has no mark is
        read. ``dry_run`` reads and processes everything and writes nothing. ``allow_retire`` lets
        more than ``beam.retire.maxShare`` of a scope be retired, this once. ``state``: go on from
        what is remembered, ``keep`` it though the workflow changed, or ``start`` anew. With
        ``handle_signals`` (on the main thread) Ctrl-C and SIGTERM end the run cleanly; where its
        job outlives this process, ``cancels`` is asked first, and where that says no,
        ``LeftRunning`` is raised. Raises ``IngestError`` for a run that cannot start; then
        nothing was written.
        """
        from beam_ingest.flow.dry_run import thrown_away, without_writing
        from beam_ingest.online import reported
        from beam_ingest.runners.nursery import nursery

        self._connect()
        beam = self.config.beam
        inside = beam.is_local
        if dry_run and self.config.is_unbounded:
            raise CannotStart(
                "a dry run of a source without end has no end",
                hint="beam-ingest preview shows the first records",
            )
        if beam.options.get("output_executable_path"):
            raise CannotStart(
                "with beam.options.output_executable_path the run is packed, and nothing is run",
                hint="with --no-wait the jar is written",
            )
        with contextlib.ExitStack() as held:
            born = held.enter_context(nursery(self.config))
            if dry_run:
                run_dir = held.enter_context(thrown_away(None if inside else beam.work_dir))
            plan = self._resumed(resume) if resume else self._new_plan(run_dir)
            plan = replace(plan, allow_retire=allow_retire)
            plan = without_writing(plan) if dry_run else plan

            def run_of(plan: Plan) -> Callable[[], Report]:
                return runs(
                    self.config, plan,
                    listener=listener, handle_signals=handle_signals, cancels=cancels, nursery=born,
                )  # fmt: skip

            plan, run = held.enter_context(
                begun(self.config, plan, self.state_name, run_of, resumed=bool(resume), state=state)
            )
            # A dry run is nobody's business but the user's.
            return run() if dry_run else reported(self.config, plan, run)

    def submit(
        self,
        *,
        run_dir: str | None = None,
        resume: str | None = None,
        allow_retire: bool = False,
        state: How = "go on",
    ) -> Submitted:
        """Hand it to its engine, and leave it there; parameters as those of ``run``.

        Raises ``CannotStart`` where the workers are this process's own, and so end with it.
        """
        from beam_ingest.runners.options import engine_for
        from beam_ingest.runners.stream import stream_engine

        self._connect()
        plan = self._resumed(resume) if resume else self._new_plan(run_dir)
        plan = replace(plan, allow_retire=allow_retire)
        if self.config.beam.is_local:
            raise CannotStart(
                "the workers of this run are this process's own: it cannot leave them",
                hint="run it without --no-wait, or name an engine in beam.options",
            )
        unbounded = self.config.is_unbounded
        if unbounded and self.config.beam.options.get("output_executable_path"):
            raise CannotStart(
                "a run without end is not packed: where it begins is known when it is started",
                hint="leave beam.options.output_executable_path out",
            )

        def engine_of(plan: Plan) -> Engine:
            if unbounded:
                return stream_engine(self.config, plan)
            return engine_for(self.config, plan.run_id, plan.run_dir, plan.attempt)

        with begun(
            self.config, plan, self.state_name, engine_of, resumed=bool(resume), state=state
        ) as (plan, engine):
            return hand_over(plan, engine)

    def settle(self, run_dir: str) -> Report:
        """End a run that nobody works in: abort what it has begun, write its report.

        Raises ``CannotStart`` where somebody does, and where it was of another workflow.
        """
        from beam_ingest.flow.resume import read_run

        before = read_run(run_dir)
        return settle(self._plan(before["runId"], run_dir), before, self.config.document)

    @property
    def state_name(self) -> str:
        """Under which name the workflow remembers where it has come to."""
        config = self.config
        of_source = f"{config.source.type} {config.service_name}".strip()
        return config.beam.state_name or config.ingestion_pipeline_fqn or of_source

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
        from beam_ingest.runners.options import engine_for

        self._connect()
        # A replay is not the base of what a later run leaves out as unchanged.
        beam = self.config.beam.model_copy(update={"skip_unchanged": "off"})
        workflow = Workflow(replace(self.config, beam=beam))
        plan = replace(workflow._new_plan(run_dir), windows=None)  # letters have an end
        letters = find_letters(beam.work_dir, target)
        with locked(letters):
            replay = replay_of(plan, letters, step)
            if replay.plan is None:
                return replay.nothing()
            plan = replay.plan
            engine = engine_for(workflow.config, plan.run_id, plan.run_dir)
            lock = prepare_run(plan, self.config.document)
            try:
                return replay.settle(
                    run_to_end(beam, plan, engine, listener=listener, handle_signals=handle_signals)
                )
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
        from beam_ingest.planning import parts_of

        self._connect()
        config = self.config
        last = [spec for spec in (config.sink, config.stage, config.bulk_sink) if spec]
        for spec in (config.source, *config.processors, *last):
            component = spec.cls(spec.config, self._context("test-connection"))
            for check in (check for part in parts_of(component) for check in part.checks()):
                yield spec.step, check

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
        return Context(
            config.service_name, run_id, config.source_config, config.server, settings,
            unbounded=config.is_unbounded,
        )  # fmt: skip

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
        from beam_ingest.flow.versions import versions
        from beam_ingest.planning import spec_of, windows_of, writers_of

        config, context = self.config, self._context(run_id)
        return Plan(
            run_id=run_id,
            run_dir=_absolute(run_dir),
            workflow=config.path,
            source=spec_of(config.source, context),
            processors=tuple(spec_of(processor, context) for processor in config.processors),
            writers=tuple(writers_of(config, context)),
            settings=context.settings,
            success_threshold=config.success_threshold,
            max_failures=config.beam.max_failures,
            started_at=now(),
            versions=versions(),
            windows=windows_of(config.beam) if config.is_unbounded else None,
        )


def _absolute(path: str) -> str:
    return path if "://" in path else str(Path(path).expanduser().absolute())
