"""Sink ``console``: records as JSON on standard output."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterable
from typing import TextIO

from pydantic import Field

from beam_ingest.api.codec import encode
from beam_ingest.api.config_model import ConfigModel
from beam_ingest.api.errors import FatalError, RecordError
from beam_ingest.api.outcomes import WRITTEN, Outcome, Rejected
from beam_ingest.api.sink import Batch, Sink


class ConsoleSink(Sink):
    """Prints each record as a JSON line, in the form of the file sink.

    A batch is one write, so that the lines of several worker processes do not mix as long as
    the system takes a write whole (a pipe does so up to 4 KiB on Linux). A batch that is
    written again after a fault is printed again. ``stream`` replaces standard output.
    """

    class Config(ConfigModel):
        """``config`` of a sink of type ``console``."""

        pretty: bool = Field(False, description="Several indented lines a record.")

    stream: TextIO | None = None

    def open(self) -> None:
        """Nothing to connect to; threads take turns."""
        self._turn = threading.Lock()

    def write(self, batch: Batch) -> Iterable[Outcome]:
        """Print the batch; a record that JSON cannot hold is rejected, the others are printed.

        Raises ``FatalError`` where standard output is closed or cannot show the text.
        """
        texts: list[str] = []
        outcomes: list[Outcome] = []
        for record in batch.records:
            try:
                line = encode(record)
            except RecordError as error:
                outcomes.append(Rejected(error.message))
                continue
            texts.append(self._text(line))
            outcomes.append(WRITTEN)
        if texts:
            self._print("\n".join(texts) + "\n")
        return outcomes

    def _text(self, line: bytes) -> str:
        if self.config.pretty:
            return json.dumps(json.loads(line), indent=2, ensure_ascii=False)
        return line.decode()

    def _print(self, text: str) -> None:
        stream = self.stream or sys.stdout  # now, not in open: it may have been redirected
        with self._turn:
            try:
                stream.write(text)
                stream.flush()
            except BrokenPipeError:
                raise FatalError("nothing reads standard output any more") from None
            except UnicodeEncodeError as error:
                raise FatalError(
                    f"standard output cannot show {error.object[error.start]!r} in its "
                    f"encoding, {error.encoding}",
                    hint="set PYTHONIOENCODING=utf-8",
                ) from None
