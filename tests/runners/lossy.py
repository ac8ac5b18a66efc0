"""Engines that lie: they lose a bundle, or all that is behind it, and say DONE."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from beam_ingest.flow.batch import SplitBatch, SplitRef
from beam_ingest.flow.read import ReadFn
from beam_ingest.flow.step import StepFn


class LosesOneSplit(FnApiRunner):
    """Drops the bundle of the split ``part/2`` before it is read."""

    def run_pipeline(self, pipeline: Any, options: Any) -> Any:
        read = ReadFn.process

        def lossy(self: ReadFn, ref: SplitRef) -> Iterator[SplitBatch]:
            return iter(()) if ref.key == "part/2" else read(self, ref)

        ReadFn.process = lossy  # type: ignore[method-assign]
        try:
            return super().run_pipeline(pipeline, options)
        finally:
            ReadFn.process = read  # type: ignore[method-assign]


class LosesTheEnd(FnApiRunner):
    """Runs nothing that has to wait, the last step of the graph among it."""

    def run_pipeline(self, pipeline: Any, options: Any) -> Any:
        setup = StepFn.__subclasses__()
        finish = next(cls for cls in setup if cls.__name__ == "FinishFn")
        process = finish.process
        finish.process = lambda self, element: iter(())
        try:
            return super().run_pipeline(pipeline, options)
        finally:
            finish.process = process
