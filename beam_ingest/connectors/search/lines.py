"""Staged lines as documents: the id of each, and what is sent of it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from pydantic_core import to_json

from beam_ingest.api.bulk_sink import StagedFile
from beam_ingest.api.codec import decode
from beam_ingest.api.errors import RecordError
from beam_ingest.connectors.search.documents import document_of

_DOCUMENT = re.compile(rb'\{"fqnHash":"([0-9a-f.]+)","entityType":"([A-Za-z]+)",')


def document_line(line: bytes) -> tuple[str, bytes] | None:
    """The id and the document of a staged line: what ``search-documents`` made, or an entity.

    The id is the type and the hash of the name, since a table and a procedure may share one.
    None for lineage and usage. Raises ``RecordError`` for what is neither.
    """
    found = _DOCUMENT.match(line)
    if found is not None:
        return _id(found), line
    document = document_of(decode(line))
    if document is None:
        return None
    line = to_json(document, inf_nan_mode="null")
    found = _DOCUMENT.match(line)
    if found is None:
        raise RecordError(f"{document['entityType']!r} is no type of an entity")
    return _id(found), line


def count_ids(files: Iterable[StagedFile]) -> int:
    """How many different ids there are in ``files``; memory for 16 bytes of each."""
    seen: set[bytes] = set()
    for file in files:
        for line in file.lines():
            try:
                found = document_line(line)
            except RecordError:
                continue
            if found is not None:
                seen.add(hashlib.md5(found[0].encode(), usedforsecurity=False).digest())
    return len(seen)


def _id(found: re.Match[bytes]) -> str:
    return f"{found[2].decode()}:{found[1].decode()}"
