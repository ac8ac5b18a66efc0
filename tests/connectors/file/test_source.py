"""The file source: which files it lists, how it splits and reads them."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from beam_ingest import Context, FatalError, IngestError, Split, Unreadable
from beam_ingest.api.codec import encode
from beam_ingest.api.entities import Column, Table
from beam_ingest.connectors.file.source import FileSource

Rows = list[Any]


def source(path: object, **options: Any) -> FileSource:
    config = FileSource.Config.model_validate({"type": "File", "path": str(path), **options})
    made = FileSource(config, Context(run_id="r1"))
    made.open()
    return made


def splits(made: FileSource) -> list[Split]:
    found = [item for item in made.splits() if isinstance(item, Split)]
    assert len({split.key for split in found}) == len(found)
    assert json.loads(json.dumps([split.payload for split in found])) == [
        split.payload for split in found
    ]
    return found


def everything(made: FileSource) -> Rows:
    return [record for split in splits(made) for record in made.read(split)]


def write(path: Path, *rows: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(json.dumps(row).encode() + b"\n" for row in rows))
    return path


def test_each_line_is_a_record_in_order(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", {"n": 1}, {"n": 2}, {"n": 3})
    assert everything(source(path)) == [{"n": 1}, {"n": 2}, {"n": 3}]


def test_what_the_file_sink_wrote_of_an_entity_is_that_entity_again(tmp_path: Path) -> None:
    table = Table(name="t", database_schema="s.d.x", columns=[Column(name="c", data_type="INT")])
    path = tmp_path / "a.jsonl"
    path.write_bytes(encode(table) + b"\n")
    assert everything(source(path)) == [table]


TEXT = b'{"n": 0}\r\n\r\n{"n": 1}\n\n  \n{"n": 2, "long": "%s"}\n{"n": 3}\r\n{"n": "\xc3\xa9"}' % (
    b"x" * 50
)


@pytest.mark.parametrize("size", [*range(1, 40), len(TEXT) - 1, len(TEXT), len(TEXT) + 1])
def test_ranges_of_any_size_give_each_line_once(tmp_path: Path, size: int) -> None:
    # CRLF, empty lines, a line longer than the range, a last line without a line break.
    path = tmp_path / "a.jsonl"
    path.write_bytes(TEXT)
    assert [row["n"] for row in everything(source(path, splitSize=size))] == [0, 1, 2, 3, "é"]


def test_a_range_that_ends_at_a_line_break_leaves_the_next_line_to_the_next(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", {"n": 1}, {"n": 2})
    made = source(path, splitSize=9)
    assert [list(made.read(split)) for split in splits(made)] == [[{"n": 1}], [{"n": 2}]]


def test_a_file_is_split_by_bytes_and_keys_say_where(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", *({"n": n} for n in range(10)))
    assert [split.key for split in splits(source(path, splitSize=40))] == [
        "a.jsonl@0",
        "a.jsonl@40",
        "a.jsonl@80",
    ]


def test_small_files_share_a_split(tmp_path: Path) -> None:
    for n in range(5):
        write(tmp_path / f"{n}.jsonl", {"n": n})
    made = source(tmp_path, splitSize=20)
    assert [split.key for split in splits(made)] == ["0.jsonl@0", "2.jsonl@0", "4.jsonl@0"]
    assert [row["n"] for row in everything(made)] == [0, 1, 2, 3, 4]


def test_equal_file_names_in_different_folders_have_different_keys(tmp_path: Path) -> None:
    for folder in ("x", "y"):
        write(tmp_path / folder / "a.jsonl", {"n": folder, "long": "x" * 20})
    for path in (tmp_path, tmp_path / "*" / "a.jsonl"):
        made = source(path, splitSize=10)
        assert {split.key.partition("@")[0] for split in splits(made)} == {"x/a.jsonl", "y/a.jsonl"}
        assert [row["n"] for row in everything(made)] == ["x", "y"]


def test_a_folder_is_its_json_lines_without_hidden_ones(tmp_path: Path) -> None:
    for name in ("b.jsonl", "a.ndjson", "c/d.json", ".h.jsonl", "_x.jsonl", ".p/e.jsonl", "no.txt"):
        write(tmp_path / name, {"n": name})
    with gzip.open(tmp_path / "z.json.gz", "wb") as file:
        file.write(b'{"n": "z"}\n')
    assert [row["n"] for row in everything(source(tmp_path))] == [
        "a.ndjson",
        "b.jsonl",
        "c/d.json",
        "z",
    ]


def test_a_glob_names_its_files_whatever_they_end_in(tmp_path: Path) -> None:
    for name in ("b.txt", "a.txt", "c.log", ".d.txt", "sub/e.txt"):
        write(tmp_path / name, {"n": name})
    assert [row["n"] for row in everything(source(tmp_path / "*.txt"))] == ["a.txt", "b.txt"]
    assert [row["n"] for row in everything(source(tmp_path / "**" / "*.txt"))] == [
        "a.txt",
        "b.txt",
        "sub/e.txt",
    ]
    assert [row["n"] for row in everything(source(tmp_path / ".*.txt"))] == [".d.txt"]


def test_a_file_whose_name_holds_glob_characters_is_that_file(tmp_path: Path) -> None:
    path = write(tmp_path / "a[1].jsonl", {"n": 1})
    write(tmp_path / "a1.jsonl", {"n": 2})
    assert everything(source(path)) == [{"n": 1}]


def test_compressed_files_are_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    with gzip.open(path, "wb") as file:
        file.write(TEXT)
    made = source(path, splitSize=1)
    assert len(splits(made)) == 1
    assert [row["n"] for row in everything(made)] == [0, 1, 2, 3, "é"]


def test_a_damaged_compressed_file_names_itself(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(TEXT * 100)[:-20])
    with pytest.raises(IngestError, match=r"a\.jsonl\.gz is damaged: Compressed file ended"):
        everything(source(path))
    path.write_bytes(TEXT)
    with pytest.raises(IngestError, match=r"a\.jsonl\.gz is damaged: Not a gzipped file"):
        everything(source(path))


def test_a_byte_order_mark_is_not_part_of_the_first_line(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"n": 1}\n{"n": 2}\n')
    for size in (2, 3, 4, 12, 100):
        assert everything(source(path, splitSize=size)) == [{"n": 1}, {"n": 2}]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"{broken", "not a JSON object"),
        (b"[1, 2]", "not a JSON object but an array"),
        (b'"\xff"', "not a JSON object"),
        (b'{"entityType": "table", "entity": {"name": "t"}}', "not a valid table"),
    ],
)
def test_a_line_that_is_no_record_is_one_unreadable_and_the_rest_is_read(
    tmp_path: Path, line: bytes, why: str
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"n": 1}\n\n' + line + b'\n{"n": 2}\n')
    first, bad, last = everything(source(path))
    assert (first, last) == ({"n": 1}, {"n": 2})
    assert isinstance(bad, Unreadable)
    assert bad.where == f"{path}, line 3"
    assert bad.why.startswith(why)
    assert bad.raw == line + b"\n"


def test_in_a_later_range_an_unreadable_line_is_named_by_its_byte(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"n": 1}\n{"n": 2}\nbroken\n')
    bad = everything(source(path, splitSize=10))[-1]
    assert isinstance(bad, Unreadable)
    assert bad.where == f"{path}, byte 18"
    assert path.read_bytes()[18:] == bad.raw


def test_a_file_that_changed_after_the_listing_fails_its_split(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", {"n": 1})
    made = source(path)
    listed = splits(made)
    with path.open("ab") as file:
        file.write(b'{"n": 2}\n')
    with pytest.raises(
        IngestError, match=r"a\.jsonl changed after the run had listed it \(9 .* 18"
    ):
        list(made.read(listed[0]))


def test_a_file_rewritten_with_the_same_size_fails_its_split(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", {"n": 1})
    made = source(path)
    listed = splits(made)
    os.utime(path, ns=(1, 1))
    with pytest.raises(IngestError, match="changed after the run had listed it"):
        list(made.read(listed[0]))


def test_a_file_that_changes_while_it_is_read_fails_its_split(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", {"n": 1}, {"n": 2})
    made = source(path)
    reading = made.read(splits(made)[0])
    assert next(reading) == {"n": 1}
    os.utime(path, ns=(1, 1))
    with pytest.raises(IngestError, match="changed after the run had listed it"):
        list(reading)


def test_a_file_that_is_gone_names_itself(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", {"n": 1})
    made = source(path)
    listed = splits(made)
    path.unlink()
    with pytest.raises(IngestError, match=r"a\.jsonl is gone: the run had listed it"):
        list(made.read(listed[0]))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none.jsonl", r"there is no file or folder .*none\.jsonl"),
        ("*.none", r"no file matches .*\*\.none"),
        ("", r"holds no file that ends in \.jsonl"),
    ],
)
def test_a_path_that_names_no_file_stops_the_run(tmp_path: Path, name: str, message: str) -> None:
    made = source(tmp_path / name)
    with pytest.raises(FatalError, match=message):
        list(made.splits())
    (check,) = made.checks()
    with pytest.raises(FatalError, match=message):
        check.run()


def test_the_check_says_what_was_found(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", {"n": 1})
    (check,) = source(tmp_path).checks()
    assert check.run() == "1 files, 9 bytes"


def test_an_empty_file_has_no_records(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").touch()
    (tmp_path / "b.jsonl.gz").touch()
    assert everything(source(tmp_path)) == []


def test_a_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write(tmp_path / "a.jsonl", {"n": 1})
    assert everything(source("~/a.jsonl")) == [{"n": 1}]


def test_a_remote_path_is_refused_and_says_what_is_possible() -> None:
    with pytest.raises(ValidationError, match=r"gs:// paths are not supported.*local paths only"):
        FileSource.Config(path="gs://bucket/a.jsonl")
