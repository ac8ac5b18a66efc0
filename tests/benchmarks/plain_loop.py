"""The baseline: a plain Python loop that reads, processes and writes the same records.

``python -m tests.benchmarks.plain_loop INPUT OUTPUT``. The same reading (the file source's own),
the same processors, the same JSON writing; no batches, no accounting, no Beam.
"""

from __future__ import annotations

import sys
from pathlib import Path

from beam_ingest.api.codec import decode, encode
from tests.benchmarks.processors import ALL


def main(source: str, target: str) -> None:
    """Copy ``source`` to ``target`` through the processors."""
    with Path(source).open("rb", 1 << 20) as lines, Path(target).open("wb", 1 << 20) as out:
        for line in lines:
            record = decode(line)
            for process in ALL:
                record = process(record)
                if record is None:
                    break
            else:
                out.write(encode(record) + b"\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
