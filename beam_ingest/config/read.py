"""From what the user named (a file, ``-``, a mapping) to a document."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from beam_ingest.api.secrets import Secret
from beam_ingest.config.document import MAX_DEPTH, Document
from beam_ingest.config.json_lines import parse_json
from beam_ingest.config.problem import ConfigError, KeyPath, Problem
from beam_ingest.config.yaml_lines import parse_yaml

STDIN = "-"


def read_document(source: str | Path | Mapping[str, Any]) -> Document:
    """The document of a YAML or JSON file, of standard input (``-``), or of a mapping.

    Raises ``ConfigError`` where it cannot be read or is not one document.
    """
    if isinstance(source, Mapping):
        return _of_mapping(source)
    if str(source) == STDIN:
        name, content = "<stdin>", sys.stdin.buffer.read()
    else:
        name, content = str(source), _bytes_of(Path(source))
    text = _text_of(content, name)
    is_json = name.endswith(".json") or text.lstrip().startswith('{"')
    return parse_json(text, name) if is_json else parse_yaml(text, name)


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise ConfigError(
            [Problem("there is no such file", file=str(path), hint=_similar(path))]
        ) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigError([Problem(f"cannot be read: {reason}", file=str(path))]) from None


def _similar(path: Path) -> str | None:
    try:
        names = [entry.name for entry in path.parent.iterdir() if entry.is_file()]
    except OSError:
        return f"there is no folder {str(path.parent)!r}" if not path.parent.is_dir() else None
    near = difflib.get_close_matches(path.name, names, n=1, cutoff=0.7)
    return f"did you mean {str(path.with_name(near[0]))!r}?" if near else None


def _text_of(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line, column = before.count(b"\n") + 1, len(before) - before.rfind(b"\n")
        raise ConfigError(
            [Problem("not UTF-8 text", "", name, line, column, "save the file as UTF-8")]
        ) from None


def _of_mapping(source: Mapping[str, Any]) -> Document:
    document = Document(None)
    document.value = _plain(source, (), document)
    return document


def _plain(value: Any, path: KeyPath, document: Document) -> Any:
    if len(path) > MAX_DEPTH:
        raise ConfigError([document.problem(path, f"nested more than {MAX_DEPTH} levels deep")])
    if isinstance(value, Mapping):
        return {str(key): _plain(item, (*path, str(key)), document) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, (*path, index), document) for index, item in enumerate(value)]
    if isinstance(value, Secret):
        return value.reference
    if isinstance(value, Path):
        return str(value)
    if value is None or isinstance(value, (str, int, float)):
        return value
    document.problems.append(
        document.problem(
            path,
            f"a workflow holds text, numbers, lists and mappings, not {type(value).__name__}",
        )
    )
    return None
