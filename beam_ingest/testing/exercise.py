"""One run of a component through its contract, as JSON-able values that can be compared.

The same code runs here and in another process, where the component was rebuilt.
"""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from beam_ingest.api.bulk_sink import BulkSink, StagedFile
from beam_ingest.api.component import Component
from beam_ingest.api.entities.base import Entity
from beam_ingest.api.errors import Drop
from beam_ingest.api.outcomes import Deferred, Outcome, Rejected, Skipped, Unchanged, Written
from beam_ingest.api.processor import Processor
from beam_ingest.api.record import Record, Unreadable
from beam_ingest.api.sink import Batch, Sink, StagedSink
from beam_ingest.api.source import Poll, Remember, Scope, Source, Split, StreamSource, Timed
from beam_ingest.api.stage import Partial, Stage
from beam_ingest.testing.compare import canonical, fail, line, lines

_MOST_POLLS = 10_000


def exercise(component: Component, samples: Sequence[Any]) -> Any:
    """What an opened component answers to sample records, or reads. Raises what it raises.

    A bulk sink's samples are the lines of a staged file.
    """
    records: list[Any] = copy.deepcopy(list(samples))
    match component:
        case Source():
            return {"listing": listing(component), "records": read_all(component)}
        case StreamSource():
            return {
                split.key: timed_lines(drain(component, split)) for split in component.partitions()
            }
        case Processor():
            return [processed(component, record) for record in records]
        case Stage():
            return stage_lines(component, records)
        case Sink():
            token = component.begin()
            told = outcome_names(component.write(Batch(records, "split-1/0")), len(records))
            component.commit(token)
            return {"token": token, "outcomes": told}
        case BulkSink():
            return _published(component, records)
        case StagedSink():
            return canonical([component.stage_config(), component.bulk_config()])
    raise TypeError(f"{type(component).__name__} is no component of a known kind")


def listing(source: Source) -> dict[str, list[str]]:
    """The parents, splits and scopes of a source, in order."""
    listed = list(source.splits())
    return {
        "parents": lines(source.parents()),
        "splits": [canonical([s.key, s.payload]) for s in listed if isinstance(s, Split)],
        "scopes": [
            canonical([s.fqn, s.entity_type, sorted(s.names), s.failed])
            for s in listed
            if isinstance(s, Scope)
        ],
    }


def splits_of(source: Source) -> list[Split]:
    """The splits of a source without its scopes."""
    return [listed for listed in source.splits() if isinstance(listed, Split)]


def read_all(source: Source) -> dict[str, list[str]]:
    """The records of every split, as texts."""
    return {split.key: lines(read(source, split)) for split in splits_of(source)}


def read(source: Source, split: Split) -> Iterator[Record | Unreadable]:
    """The records of a split, without what the source remembers of it."""
    return (item for item in source.read(split) if not isinstance(item, Remember))


def remembered(source: Source) -> dict[str, Any]:
    """What the source remembers when all of it was read."""
    listed = list(source.splits())
    items = [*listed, *(i for s in listed if isinstance(s, Split) for i in source.read(s))]
    return {item.key: item.value for item in items if isinstance(item, Remember)}


def polls(source: StreamSource, partition: Split, position: Any = None) -> list[Poll]:
    """The polls of a partition after ``position`` up to the first empty one, which is the last."""
    found: list[Poll] = []
    while not found or found[-1].records:
        if len(found) == _MOST_POLLS:
            fail(f"the partition {partition.key!r} is not empty after {_MOST_POLLS} polls")
        found.append(source.poll(partition, found[-1].position if found else position))
    return found


def drain(source: StreamSource, partition: Split, position: Any = None) -> list[Timed]:
    """What a partition holds after ``position``."""
    return [timed for poll in polls(source, partition, position) for timed in poll.records]


def timed_lines(found: Iterable[Timed]) -> list[str]:
    """Messages with their numbers and event times, as texts."""
    return [f"{timed.number} {timed.at!r} {_message(timed)}" for timed in found]


def _message(timed: Timed) -> str:
    found = timed.record
    return f"unreadable: {found!r}" if isinstance(found, Unreadable) else line(found)


def processed(processor: Processor, record: Record) -> list[str]:
    """What becomes of one record: texts of the outputs, or of the exception."""
    try:
        return lines(outputs(processor, record))
    except Drop as drop:
        return [f"dropped: {drop.why}"]
    except Exception as error:
        return [f"{type(error).__name__}: {error}"]


def outputs(processor: Processor, record: Record) -> list[Record]:
    """The records that come of one. Raises what ``process`` raises."""
    result = processor.process(record)
    if result is None:
        return []
    return [result] if isinstance(result, (Entity, dict)) else list(result)


def stage_lines(stage: Stage, records: Iterable[Record]) -> list[str]:
    """The lines a stage makes of ``records``, sorted: those without a key, and the aggregates."""
    stored: list[bytes] = []
    partials: dict[str, Partial] = {}
    for record in records:
        for key, part in stage.keyed(record):
            if key is None:
                stored.append(stage.encode(part))
            else:
                partials[key] = stage.combine(partials[key], part) if key in partials else part
    merged = expanded(stage, partials)
    stored.extend(stage.encode(stage.finish(key, part)) for key, part in merged.items())
    return sorted(one.decode("utf-8", "backslashreplace") for one in stored)


def expanded(stage: Stage, partials: Mapping[str, Partial]) -> dict[str, Partial]:
    """What ``partials`` come to by the keys that are merged."""
    found: dict[str, Partial] = {}
    for key, part in stage.expand(partials.items()):
        found[key] = stage.combine(found[key], part) if key in found else part
    return found


def outcome_names(outcomes: Iterable[Outcome] | None, count: int) -> list[str]:
    """The outcomes as texts; what was stored before counts as stored."""
    told = [Written()] * count if outcomes is None else list(outcomes)
    names = {
        Written: "stored",
        Unchanged: "stored",
        Deferred: "deferred",
        Rejected: "rejected",
        Skipped: "skipped",
    }
    return [names.get(type(outcome), type(outcome).__name__) for outcome in told]


def staged_file(folder: Path, id_: str, encoded: Iterable[bytes]) -> StagedFile:
    """A staged file of encoded lines, on this machine."""
    path = folder / f"{id_.replace('/', '_')}.jsonl"
    written = list(encoded)
    path.unlink(missing_ok=True)  # a new file: what was published may be a hard link to the old
    path.write_bytes(b"".join(one + b"\n" for one in written))

    def opener() -> BinaryIO:
        return path.open("rb")

    return StagedFile(id_, str(path), len(written), opener)


def _published(bulk_sink: BulkSink, encoded: Sequence[bytes]) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        file = staged_file(Path(folder), "split-1.0", encoded)
        token = bulk_sink.begin()
        told = outcome_names(bulk_sink.publish(file), file.count)
        bulk_sink.commit(token)
    return {"token": token, "outcomes": told}
