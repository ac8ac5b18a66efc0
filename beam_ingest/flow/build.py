"""The bounded graph: how a plan becomes a Beam pipeline. Reads as data passes.

::

    begin     Create -> Begin
    parents   Create -> WaitOn(begin) -> Read -> [processor]* -> Write | Stage
    records   Create -> WaitOn(parents) -> Splits -> Reshuffle -> Read -> [processor]* -> the same
    bulk      chunks -> WindowInto -> GroupByKey -> Merge -> Reshuffle -> Publish; parents first
    deferred  Create -> WaitOn(records, bulk) -> Deferred
    finish    Create -> WaitOn(all) -> Finish

Read, processors and writers are one fused stage: no shuffle between them, the element is a batch.
"""

from __future__ import annotations

from typing import Any

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindows

from beam_ingest.flow.batch import SplitBatch, SplitRef
from beam_ingest.flow.begin import BeginFn
from beam_ingest.flow.coder import SplitBatchCoder
from beam_ingest.flow.deferred import DeferredFn
from beam_ingest.flow.finish import FinishFn
from beam_ingest.flow.mark import Chunk
from beam_ingest.flow.merge import MergeFn, descriptor_key
from beam_ingest.flow.plan import Plan, Writer
from beam_ingest.flow.process import ProcessFn
from beam_ingest.flow.publish import PublishFn
from beam_ingest.flow.read import ListSplitsFn, ReadFn, parents_ref
from beam_ingest.flow.stage import StageFn
from beam_ingest.flow.write import WriteFn

beam.coders.registry.register_coder(SplitBatch, SplitBatchCoder)


def build(pipeline: beam.Pipeline, plan: Plan) -> None:
    """Add the graph of ``plan`` to ``pipeline``."""
    started = pipeline | "start" >> beam.Create([None])
    begun = [
        started | f"begin {writer.name}" >> beam.ParDo(BeginFn(plan, writer)).with_output_types(Any)
        for writer in plan.writers
    ]
    parents = (
        pipeline
        | "parents" >> beam.Create([parents_ref()])
        | "parents wait for begin" >> beam.WaitOn(*begun).with_output_types(SplitRef)
    )
    of_parents = _through(parents, plan, "parents: ")
    splits = (
        pipeline
        | "records" >> beam.Create([None])
        | "records wait for parents" >> beam.WaitOn(*of_parents.values())
        | f"list {plan.source.step}"
        >> beam.ParDo(ListSplitsFn(plan, plan.source)).with_output_types(SplitRef)
        | "spread splits" >> beam.Reshuffle().with_output_types(SplitRef)
    )
    of_records = _through(splits, plan, "")
    ends = []
    for writer in plan.writers:
        first, then = of_parents[writer.name], of_records[writer.name]
        written = _bulk(first, then, plan, writer) if writer.bulk is not None else [first, then]
        ends.append(_deferred(pipeline, written, plan, writer))
    _ = (
        pipeline
        | "end" >> beam.Create([None])
        | "end waits for all" >> beam.WaitOn(*ends)
        | "finish" >> beam.ParDo(FinishFn(plan))
    )


def _through(splits: Any, plan: Plan, label: str) -> dict[str, Any]:
    """Read, process and write; what each writer puts out, by its name."""
    batches = splits | f"{label}read {plan.source.step}" >> beam.ParDo(
        ReadFn(plan, plan.source)
    ).with_output_types(SplitBatch)
    for processor in plan.processors:
        batches = batches | f"{label}process {processor.step}" >> beam.ParDo(
            ProcessFn(plan, processor)
        ).with_output_types(SplitBatch)
    outputs = {}
    for writer in plan.writers:
        if writer.stage is not None:
            write = beam.ParDo(StageFn(plan, writer)).with_output_types(Chunk)
            outputs[writer.name] = batches | f"{label}stage {writer.name}" >> write
        else:
            write = beam.ParDo(WriteFn(plan, writer)).with_output_types(Any)
            outputs[writer.name] = batches | f"{label}write {writer.name}" >> write
    return outputs


def _bulk(of_parents: Any, of_records: Any, plan: Plan, writer: Writer) -> list[Any]:
    """Gather, merge and publish; the parents' own files are published before any other.

    What parents add to aggregates is merged with what records add to them.
    """
    name = writer.name
    plain = of_parents | f"parents' files {name}" >> beam.Filter(_is_plain).with_output_types(Chunk)
    spilled = of_parents | f"parents' parts {name}" >> beam.Filter(_is_part).with_output_types(
        Chunk
    )
    rest = (spilled, of_records) | f"chunks {name}" >> beam.Flatten()
    published = _gathered(plain, plan, writer, "parents: ") | f"parents: publish {name}" >> (
        beam.ParDo(PublishFn(plan, writer)).with_output_types(Any)
    )
    then = (
        _gathered(rest, plan, writer, "")
        | f"{name} waits for parents" >> beam.WaitOn(published).with_output_types(Chunk)
        | f"publish {name}" >> beam.ParDo(PublishFn(plan, writer)).with_output_types(Any)
    )
    return [published, then]


def _gathered(chunks: Any, plan: Plan, writer: Writer, label: str) -> Any:
    """The files to publish, spread over the workers."""
    keyed = beam.Map(_keyed)
    return (
        chunks
        | f"{label}key {writer.name}" >> keyed.with_output_types(tuple[str, Chunk])
        | f"{label}window {writer.name}" >> beam.WindowInto(GlobalWindows())
        | f"{label}gather {writer.name}" >> beam.GroupByKey()
        | f"{label}merge {writer.name}"
        >> beam.ParDo(MergeFn(plan, writer)).with_output_types(Chunk)
        | f"{label}spread files {writer.name}" >> beam.Reshuffle().with_output_types(Chunk)
    )


# Functions by name, not lambdas: those are sent as byte code, which another Python takes for a
# defect before it could say that it is another one.


def _is_plain(chunk: Chunk) -> bool:
    return chunk.shard is None


def _is_part(chunk: Chunk) -> bool:
    return chunk.shard is not None


def _keyed(chunk: Chunk) -> tuple[str, Chunk]:
    return descriptor_key(chunk), chunk


def _deferred(pipeline: beam.Pipeline, written: list[Any], plan: Plan, writer: Writer) -> Any:
    return (
        pipeline
        | f"deferred {writer.name}" >> beam.Create([None])
        | f"deferred {writer.name} wait" >> beam.WaitOn(*written)
        | f"write deferred {writer.name}"
        >> beam.ParDo(DeferredFn(plan, writer)).with_output_types(Any)
    )
