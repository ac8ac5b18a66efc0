"""Marks and notes of published files: their exact bytes, read by later versions and runs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beam_ingest.flow.ledger import Ledger
from beam_ingest.flow.mark import Chunk, LineFile, Mark, Published

MARK = (
    b'{"split":"part/1","index":1,"writer":"out","attempt":2,"state":"failed",'
    b'"error":"it broke","ledger":{"steps":{"src":[2,1,0,1,1,0]},"reasons":[{"step":"src",'
    b'"reason":"no","count":1,"examples":["a"]}],"drops":[]},'
    b'"chunks":[{"id":"0000001-ab.out.000","file":"staged/out/0000001-ab.2.000.jsonl",'
    b'"count":1,"size":20,"shard":3,"offset":7}],'
    b'"dead":{"file":"dead/0000001-ab.out.2.jsonl","count":1},"deferred":null}'
)
PUBLISHED = (
    b'{"id":"0000001-ab.out.000","file":"staged/out/x.jsonl","writer":"out","state":"done",'
    b'"error":null,"ledger":{"steps":{"out":[1,1,0,0,1,0]},"reasons":[],"drops":[]},'
    b'"dead":null,"deferred":{"file":"deferred/0000001-ab.out.000.jsonl","count":2}}'
)


def ledger(step: str, failed: int) -> Ledger:
    made = Ledger()
    counts = made.step(step)
    counts.in_, counts.passed, counts.failed, counts.out = 1 + failed, 1, failed, 1
    if failed:
        made.reason(step, "no", "a")
    return made


def mark() -> Mark:
    chunk = Chunk("0000001-ab.out.000", "staged/out/0000001-ab.2.000.jsonl", 1, 20, 3, 7)
    dead = LineFile("dead/0000001-ab.out.2.jsonl", 1)
    return Mark(
        "part/1", 1, "out", 2, "failed", "it broke", ledger("src", 1), [chunk], dead, None
    )  # fmt: skip


def test_the_bytes_of_a_mark() -> None:
    assert mark().to_bytes() == MARK


def test_a_mark_is_read_back() -> None:
    again = Mark.from_bytes(MARK)
    assert again.to_bytes() == MARK
    assert again.chunks == mark().chunks
    assert again.dead == mark().dead


def test_the_bytes_of_a_mark_of_a_source_that_remembers() -> None:
    made = Mark("a", 1, "out", 0, "done", remember={"position": [1, "x"]})
    assert made.to_bytes().endswith(b'"deferred":null,"remember":{"position":[1,"x"]}}')
    assert Mark.from_bytes(made.to_bytes()).remember == {"position": [1, "x"]}


def test_the_bytes_of_a_published_file() -> None:
    published = Published(
        "0000001-ab.out.000", "staged/out/x.jsonl", "out", "done", None, ledger("out", 0)
    )
    published.deferred = LineFile("deferred/0000001-ab.out.000.jsonl", 2)
    assert published.to_bytes() == PUBLISHED
    assert Published.from_bytes(PUBLISHED).to_bytes() == PUBLISHED


def test_a_published_file_of_before_there_was_putting_off_is_read() -> None:
    old = PUBLISHED.partition(b',"deferred"')[0] + b"}"
    assert Published.from_bytes(old).deferred is None


@given(
    st.text(),
    st.none() | st.text(),
    st.lists(st.builds(Chunk, st.text(), st.text(), st.integers(), st.integers())),
    st.none() | st.builds(LineFile, st.text(), st.integers()),
)
def test_any_mark_is_read_back(
    split: str, error: str | None, chunks: list[Chunk], lines: LineFile | None
) -> None:
    given = Mark(split, 1, "out", 0, "done", error, Ledger(), chunks, lines, lines)
    again = Mark.from_bytes(given.to_bytes())
    assert again.to_bytes() == given.to_bytes()
    assert (again.split, again.error, again.chunks) == (split, error, chunks)
    assert (again.dead, again.deferred) == (lines, lines)


@pytest.mark.parametrize("bad", [b"", b"{", b'{"split":"a"}'])
def test_half_a_mark_is_none(bad: bytes) -> None:
    with pytest.raises((ValueError, KeyError)):
        Mark.from_bytes(bad)
