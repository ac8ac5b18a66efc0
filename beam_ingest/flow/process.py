"""Processing: pass every record of a batch through one processor."""

from __future__ import annotations

from collections.abc import Iterator

from beam_ingest.flow.apply import fail_all, run_processor
from beam_ingest.flow.batch import SplitBatch
from beam_ingest.flow.before import Before
from beam_ingest.flow.dead_letter import RAISED, reason_of
from beam_ingest.flow.step import StepFn


class ProcessFn(StepFn):
    """``SplitBatch`` -> the same batch with what the processor made of its records."""

    def setup(self) -> None:
        """On the worker: join the run."""
        super().setup()
        self._before = Before()

    def process(self, batch: SplitBatch) -> Iterator[SplitBatch]:
        """Process a batch; what fails leaves it as dead letters."""
        if batch.records and not self._is_passed_by(batch):
            step = self.spec.step
            self.worker.at(batch.split.key, step)
            came, dead = len(batch.records), len(batch.dead)
            try:
                processor = self.component()
            except RAISED as error:  # no record can survive that open() fails
                self._stop(error)
                fail_all(batch, step, reason_of(error))
            else:
                fatal = run_processor(processor, step, batch, self.worker.wait, self._before)
                if fatal is not None:
                    self.worker.fatal(fatal)
            # What failed because the run ends is not settled: the split is to be read again.
            failed = len(batch.dead) > dead
            batch.cut_off = batch.cut_off or (failed and self.worker.is_stopping())
            self.worker.count(step, came, len(batch.records), len(batch.dead) - dead)
        yield batch

    def _is_passed_by(self, batch: SplitBatch) -> bool:
        entry = batch.entry
        return entry is not None and self.plan.processors.index(self.spec) < entry.skip
