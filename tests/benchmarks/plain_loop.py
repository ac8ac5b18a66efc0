"""The baseline: a plain Python loop that reads, processes and writes the same records.

``python -m tests.benchmarks.plain_loop INPUT OUTPUT [ours|json]``. The same reading, the same
processors, the same JSON writing; no batches, no accounting, no Beam.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from beam_ingest.api.codec import decode, encode
from tests.benchmarks.processors import ALL


def main(source: str, target: str, codec: str = "ours") -> None:
    """Copy ``source`` to ``target`` through the processors.

    ``codec``: ``ours`` decodes and encodes with what the workflow uses, ``json`` with the
    standard library, as a plain script does (mappings only).
    """
    read: Callable[[bytes], Any] = json.loads if codec == "json" else decode
    write: Callable[[Any], bytes] = _dumps if codec == "json" else encode
    with Path(source).open("rb", 1 << 20) as lines, Path(target).open("wb", 1 << 20) as out:
        for line in lines:
            record = read(line)
            for process in ALL:
                record = process(record)
                if record is None:
                    break
            else:
                out.write(write(record) + b"\n")


def _dumps(record: Any) -> bytes:
    return json.dumps(record).encode()


if __name__ == "__main__":
    main(*sys.argv[1:])
