"""A source as a warehouse is one: every query is answered after a while, whatever it asks for."""

from __future__ import annotations

import time
from collections.abc import Iterator

from beam_ingest import ConfigModel, Record, Source, Split


class Waiting(Source):
    """Splits of numbered records, each read by one query that takes ``wait`` seconds."""

    class Config(ConfigModel):
        splits: int
        records: int = 10
        wait: float = 0.05

    config: Config

    def splits(self) -> Iterator[Split]:
        for index in range(self.config.splits):
            yield Split(f"part/{index}", {"first": index * self.config.records})

    def read(self, split: Split) -> Iterator[Record]:
        time.sleep(self.config.wait)
        first = split.payload["first"]
        for number in range(first, first + self.config.records):
            yield {
                "name": f"table {number}",
                "columns": [{"name": "id", "dataType": "BIGINT"}] * 15,
            }
