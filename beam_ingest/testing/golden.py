"""Golden files: the output that was looked at once, and is compared ever after.

Run the tests with ``BEAM_INGEST_UPDATE_GOLDEN=1`` to write what they got in place of the files;
then look at the difference with git.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable
from pathlib import Path

UPDATE_VARIABLE = "BEAM_INGEST_UPDATE_GOLDEN"

_LINES_SHOWN = 60


def assert_golden(lines: Iterable[str], golden: str | Path, *, ordered: bool = True) -> None:
    """Compare ``lines`` (without line breaks) with the lines of the file ``golden``.

    ``ordered=False`` compares, and writes, them sorted: for what several workers wrote. Raises
    ``AssertionError`` with the difference, or where the file is missing.
    """
    path = Path(golden)
    got = list(lines) if ordered else sorted(lines)
    if os.environ.get(UPDATE_VARIABLE, "0") not in ("", "0"):
        _write(path, got)
        return
    if not path.exists():
        raise AssertionError(f"there is no golden file {path}: {_how(path)} makes it")
    expected = path.read_text(encoding="utf-8").split("\n")[:-1]
    expected = expected if ordered else sorted(expected)
    if got != expected:
        raise AssertionError(_difference(path, expected, got))


def _difference(path: Path, expected: list[str], got: list[str]) -> str:
    lines = list(difflib.unified_diff(expected, got, str(path), "got", lineterm="", n=1))
    shown = lines[:_LINES_SHOWN]
    if len(lines) > len(shown):
        shown.append(f"… and {len(lines) - len(shown)} lines more")
    return "\n".join([f"not what {path.name} holds; if it should be, {_how(path)}:", *shown])


def _how(path: Path) -> str:
    return f"{UPDATE_VARIABLE}=1 pytest (it writes {path.name} anew)"


def _write(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    with partial.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(line + "\n" for line in lines)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
