"""Listing the work: on disk before anything is read, once, and honest when it broke off."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from beam_ingest import FatalError, IngestError, Remember, Scope, Split, TransientError
from beam_ingest.flow.read import ListSplitsFn
from beam_ingest.flow.run_dir import RunDir
from tests.flow.scripted import bundle, plan_of, set_up

Hooks = dict[str, Callable[..., Any]]


def list_all(root: Path) -> list[str]:
    made = plan_of(root)
    with set_up(ListSplitsFn(made, made.source)) as fn:
        return [ref.key for ref in bundle(fn, None)]


def listing(root: Path) -> dict[str, Any]:
    found = RunDir(str(root)).listing()
    assert found is not None
    return found


def breaks_after(error: Exception, *items: Split | Scope) -> Callable[[], Iterator[Any]]:
    def splits() -> Iterator[Any]:
        yield from items
        raise error

    return splits


def test_splits_go_on_in_the_order_listed_and_are_on_disk(tmp_path: Path, hooks: Hooks) -> None:
    hooks["splits"] = lambda: [Split("b", {"n": 1}), Scope("s", ["s.x"]), Split("a")]
    assert list_all(tmp_path) == ["b", "a"]
    assert listing(tmp_path) == {
        "error": None, "splits": [["b", {"n": 1}], ["a", {}]], "scopes": [["s", "table", 0, 27]],
    }  # fmt: skip


def test_what_the_source_remembers_is_on_disk_with_the_listing(
    tmp_path: Path, hooks: Hooks
) -> None:
    hooks["splits"] = lambda: [
        Remember("a", 1),
        Split("x"),
        Remember("a", [2]),
        Remember("b", None),
    ]
    assert list_all(tmp_path) == ["x"]
    assert (listing(tmp_path)["error"], listing(tmp_path)["remember"]) == (
        None, {"a": [2], "b": None},
    )  # fmt: skip


@pytest.mark.parametrize("wrong", [Remember("a", {1}), Remember("a", float("nan"))])
def test_what_cannot_be_remembered_is_an_error(
    tmp_path: Path, hooks: Hooks, wrong: Remember
) -> None:
    hooks["splits"] = lambda: [wrong, Split("x")]
    assert list_all(tmp_path) == ["x"]
    assert "what the source remembers as 'a' is no JSON" in listing(tmp_path)["error"]


def test_a_complete_listing_is_not_made_again(tmp_path: Path, hooks: Hooks) -> None:
    hooks["splits"] = lambda: [Split("a")]
    list_all(tmp_path)
    hooks["splits"] = lambda: [Split("another")]
    assert list_all(tmp_path) == ["a"]


def test_a_broken_listing_is_made_again(tmp_path: Path, hooks: Hooks) -> None:
    hooks["splits"] = breaks_after(RuntimeError("it broke"), Split("a"))
    assert list_all(tmp_path) == ["a"]
    hooks["splits"] = lambda: [Split("a"), Split("b")]
    assert list_all(tmp_path) == ["a", "b"]
    assert listing(tmp_path)["error"] is None


def test_what_was_listed_before_it_broke_off_is_read(tmp_path: Path, hooks: Hooks) -> None:
    hooks["splits"] = breaks_after(RuntimeError("it broke"), Split("a"), Scope("s", ["s.x"]))
    assert list_all(tmp_path) == ["a"]
    assert listing(tmp_path)["error"] == "RuntimeError: it broke"
    assert RunDir(str(tmp_path)).stop() is None


@pytest.mark.parametrize("cls", [IngestError, FatalError])
def test_an_error_that_says_nothing_is_an_error(
    tmp_path: Path, hooks: Hooks, cls: type[IngestError]
) -> None:
    hooks["splits"] = breaks_after(cls(""), Split("a"))
    list_all(tmp_path)
    assert listing(tmp_path)["error"] == cls.__name__


def test_a_transient_error_starts_the_listing_again(tmp_path: Path, hooks: Hooks) -> None:
    errors = [TransientError("busy", retry_after=0)]

    def splits() -> Iterator[Any]:
        yield Split("a")
        yield Scope("s", ["s.x"])
        if errors:
            raise errors.pop()

    hooks["splits"] = splits
    assert list_all(tmp_path) == ["a"]
    assert listing(tmp_path)["scopes"] == [["s", "table", 0, 27]]


def test_a_fatal_error_stops_the_run(tmp_path: Path, hooks: Hooks) -> None:
    hooks["splits"] = breaks_after(FatalError("wrong password"))
    assert list_all(tmp_path) == []
    stop = RunDir(str(tmp_path)).stop()
    assert stop == {"reason": "wrong password", "exitCode": 3, "hint": None}


def test_two_splits_with_one_key_break_the_listing_and_are_read_once(
    tmp_path: Path, hooks: Hooks
) -> None:
    hooks["splits"] = lambda: [Split("a", {"n": 1}), Split("b"), Split("a", {"n": 2})]
    assert list_all(tmp_path) == ["a", "b"]
    found = listing(tmp_path)
    assert found["error"] == "the source listed two splits with the key 'a'"
    assert found["splits"] == [["a", {"n": 1}], ["b", {}]]


def test_the_key_of_the_parents_is_taken(tmp_path: Path, hooks: Hooks) -> None:
    hooks["splits"] = lambda: [Split("a"), Split("@parents")]
    assert list_all(tmp_path) == ["a"]
    assert "'@parents'" in listing(tmp_path)["error"]


def test_two_listings_of_one_scope_break_the_listing(tmp_path: Path, hooks: Hooks) -> None:
    # Either may be the complete one; to believe the other would retire what it does not name.
    hooks["splits"] = lambda: [
        Split("a"), Scope("s", ["s.x"]), Scope("s", ["s.p"], "storedProcedure"), Scope("s", ["s.y"])
    ]  # fmt: skip
    assert list_all(tmp_path) == ["a"]
    assert listing(tmp_path)["error"] == "the scope 's' (table) is listed twice"


@pytest.mark.parametrize(
    ("item", "what"),
    [
        (Split("a", {"at": object()}), "the payload of the split 'a' is no JSON"),
        (Split(5), "the source listed a Split whose key is no text: 5"),  # type: ignore[arg-type]
        (Scope("s", [1, 2]), "the scope 's' (table) has a name that is no text: 1"),  # type: ignore[list-item]
        (Scope("s", "s.x"), "the scope 's' (table) has a text for its names, not a list of them"),
        (Scope(None), "the scope None (table) has a name or a type that is no text"),  # type: ignore[arg-type]
        ("text", "the source listed a str, which is no Split and no Scope"),
    ],
)
def test_what_cannot_be_listed_is_named(tmp_path: Path, hooks: Hooks, item: Any, what: str) -> None:
    hooks["splits"] = lambda: [Split("fine"), item]
    assert list_all(tmp_path) == ["fine"]
    assert listing(tmp_path)["error"].startswith(what)


def test_names_may_come_from_a_generator(tmp_path: Path, hooks: Hooks) -> None:
    names: Any = (f"s.{letter}" for letter in "ba")
    hooks["splits"] = lambda: [Scope("s", names)]
    list_all(tmp_path)
    assert [scope.names for scope in RunDir(str(tmp_path)).scopes()] == [["s.a", "s.b"]]


def test_names_that_cannot_be_read_to_the_end_break_the_listing(
    tmp_path: Path, hooks: Hooks
) -> None:
    def names() -> Iterator[str]:
        yield "s.a"
        raise ConnectionError("gone")

    given: Any = names()
    hooks["splits"] = lambda: [Split("a"), Scope("s", given)]
    assert list_all(tmp_path) == ["a"]
    assert listing(tmp_path)["error"] == "ConnectionError: gone"
    assert list(RunDir(str(tmp_path)).scopes()) == []


def test_a_stop_breaks_a_long_listing_off(tmp_path: Path, hooks: Hooks) -> None:
    made = plan_of(tmp_path)
    with set_up(ListSplitsFn(made, made.source)) as fn:

        def splits() -> Iterator[Any]:
            yield Split("a")
            fn.worker.stop()
            yield Split("b")

        hooks["splits"] = splits
        assert [ref.key for ref in bundle(fn, None)] == ["a"]
    assert listing(tmp_path)["error"] == "the run was stopped"


def test_nothing_is_listed_when_the_run_stops(tmp_path: Path, hooks: Hooks) -> None:
    RunDir(str(tmp_path)).request_stop("enough", 1)
    hooks["splits"] = lambda: [Split("a")]
    assert list_all(tmp_path) == []
    assert RunDir(str(tmp_path)).listing() is None


def test_a_full_disk_stops_the_run(
    tmp_path: Path, hooks: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(RunDir, "write_listing", full)
    hooks["splits"] = lambda: [Split("a")]
    assert list_all(tmp_path) == []
    stop = json.loads((tmp_path / "stop").read_text())
    assert stop["reason"] == (
        "the run directory cannot be written: [Errno 28] No space left on device"
    )
