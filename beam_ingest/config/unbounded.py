"""What goes together in an unbounded run, and which keys only such a run has."""

from __future__ import annotations

from beam_ingest.api.component import Component
from beam_ingest.api.source import StreamSource
from beam_ingest.config.beam_block import BeamBlock
from beam_ingest.config.findings import Findings
from beam_ingest.config.place import beam_name

_KEYS = ("window", "trigger", "allowedLateness", "late")
_CANNOT = {
    "DirectRunner": "it takes an engine by the graph, and has none for this one",
    "FnApiRunner": "it lets nothing pass a grouping before the source has ended",
    "BundleBasedDirectRunner": "it runs no unbounded source",
}
"""Beam's runners that are known to run no unbounded graph, and why."""


def check_unbounded(findings: Findings, beam: BeamBlock, source: type[Component]) -> None:
    """Note what of ``beam`` does not go with the source."""
    if not issubclass(source, StreamSource):
        for key in _KEYS:
            if findings.at(("beam", key)) is not None:
                findings.problem(
                    ("beam", key),
                    "only an unbounded run has windows, and this source ends",
                    "leave the key out, or read from a source without end, such as kafka",
                )
        return
    if beam.poll is not None:
        findings.problem(
            ("beam", "poll"), "this source has no end, so it is not read again and again"
        )
    if beam.runner == "local":
        if beam.workers > 1:
            findings.problem(
                ("beam", "workers"),
                "an unbounded run on this machine is one process",
                "leave workers out, or name another runner: flink",
            )
    elif beam_name(beam.runner) in _CANNOT:
        findings.problem(
            ("beam", "runner"),
            f"{beam.runner} cannot run a source without end: {_CANNOT[beam_name(beam.runner)]}",
            "runner: local, or runner: flink",
        )
    if beam.skip_unchanged == "local":
        findings.problem(
            ("beam", "skipUnchanged"),
            "an unbounded run has no end at which it could remember what it wrote",
            "leave it out, or use skipUnchanged: server",
        )
