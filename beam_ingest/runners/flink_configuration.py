"""Flink's configuration of this machine (``FLINK_CONF_DIR``), as an embedded Flink may take it.

An embedded Flink takes ``taskmanager.numberOfTaskSlots`` for the parallelism of every bounded job,
whatever the job asks for: ``beam.workers`` would bound nothing. Without the key it has as many
slots as a job asks for.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

CONF_DIR = "FLINK_CONF_DIR"
_FILES = ("flink-conf.yaml", "config.yaml")
_SLOTS = re.compile(r"^\s*(taskmanager\.)?numberOfTaskSlots\s*:.*\n?", re.MULTILINE)


@contextlib.contextmanager
def without_slots(environment: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """``environment`` with a configuration that says no number of slots, while this lasts.

    Where the user's says one, it is a copy without it; everything else in it stays.
    """
    folder = environment.get(CONF_DIR)
    texts = {path.name: path.read_text("utf-8") for path in _files(folder)}
    told = {name: _SLOTS.sub("", text) for name, text in texts.items()}
    if folder is None or told == texts:
        yield dict(environment)
        return
    with tempfile.TemporaryDirectory(prefix="beam-ingest-flink-") as copy:
        shutil.copytree(folder, copy, dirs_exist_ok=True)
        for name, text in told.items():
            Path(copy, name).write_text(text, "utf-8")
        yield {**environment, CONF_DIR: copy}


def _files(folder: str | None) -> list[Path]:
    if not folder:
        return []
    return [path for name in _FILES if (path := Path(folder, name)).is_file()]
