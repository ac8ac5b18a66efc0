"""Golden files: compared line by line, written anew only when asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from beam_ingest.testing.golden import UPDATE_VARIABLE, assert_golden


@pytest.fixture(autouse=True)
def not_updating(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(UPDATE_VARIABLE, raising=False)


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    path = tmp_path / "out.jsonl"
    path.write_text("a\nb\nc\n", encoding="utf-8")
    return path


def test_the_same_lines_pass(golden: Path) -> None:
    assert_golden(iter(["a", "b", "c"]), golden)


@pytest.mark.parametrize("lines", [["a", "b"], ["a", "b", "c", "d"], ["a", "x", "c"], []])
def test_other_lines_fail(golden: Path, lines: list[str]) -> None:
    with pytest.raises(AssertionError):
        assert_golden(lines, golden)
    assert golden.read_text() == "a\nb\nc\n"


def test_the_difference_is_shown_with_the_way_to_accept_it(golden: Path) -> None:
    with pytest.raises(AssertionError) as caught:
        assert_golden(["a", "x", "c"], golden)
    lines = str(caught.value).splitlines()
    assert "-b" in lines
    assert "+x" in lines
    assert f"{UPDATE_VARIABLE}=1" in lines[0]


def test_a_long_difference_is_cut(golden: Path) -> None:
    with pytest.raises(AssertionError, match="lines more"):
        assert_golden([str(number) for number in range(1000)], golden)


def test_another_order_fails_unless_the_order_is_no_matter(golden: Path) -> None:
    with pytest.raises(AssertionError):
        assert_golden(["c", "b", "a"], golden)
    assert_golden(["c", "b", "a"], golden, ordered=False)


def test_a_missing_file_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=f"{UPDATE_VARIABLE}=1"):
        assert_golden(["a"], tmp_path / "none.txt")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("ordered", "text"), [(True, "z\na é\n"), (False, "a é\nz\n")])
def test_it_is_written_anew_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ordered: bool, text: str
) -> None:
    path = tmp_path / "new" / "out.txt"
    monkeypatch.setenv(UPDATE_VARIABLE, "1")
    assert_golden(["z", "a é"], path, ordered=ordered)
    assert path.read_text(encoding="utf-8") == text
    assert [file.name for file in path.parent.iterdir()] == ["out.txt"]
    monkeypatch.setenv(UPDATE_VARIABLE, "0")
    assert_golden(["z", "a é"], path, ordered=ordered)


def test_a_line_with_a_line_separator_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out.txt"
    monkeypatch.setenv(UPDATE_VARIABLE, "1")
    assert_golden(["a\u2028b"], path)
    monkeypatch.delenv(UPDATE_VARIABLE)
    assert_golden(["a\u2028b"], path)
