"""From a type to the class behind it."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from beam_ingest.api import registry
from beam_ingest.api.component import Context
from beam_ingest.api.errors import MissingDependency, UnknownComponent
from beam_ingest.api.processor import Processor
from beam_ingest.api.registry import Kind, find, types


@pytest.fixture
def entries(monkeypatch: pytest.MonkeyPatch) -> dict[str, EntryPoint]:
    """The entry points of every kind, empty at first."""
    found: dict[str, EntryPoint] = {}
    monkeypatch.setattr(registry, "_entries", lambda kind: found)
    return found


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that modules can be imported from."""
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("mine", "broken", "needy"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return tmp_path


def entry(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, value, "beam_ingest.sinks")


def test_every_registered_component_can_be_found_and_is_of_its_kind() -> None:
    for kind in Kind:
        for type_ in types(kind):
            assert find(kind, type_).kind == kind.value


def test_types_are_listed_without_importing_them(entries: dict[str, EntryPoint]) -> None:
    entries["b"] = entry("b", "no_such_module:B")
    entries["a"] = entry("a", "no_such_module:A")
    assert list(types(Kind.SINK).items()) == [("a", "no_such_module:A"), ("b", "no_such_module:B")]


@pytest.mark.parametrize("written", ["sqlit", "sqlte", "SQLite", "sqlite3"])
def test_an_unknown_type_is_answered_with_the_nearest(written: str) -> None:
    with pytest.raises(UnknownComponent) as caught:
        find(Kind.SOURCE, written)
    assert (caught.value.hint or "").startswith("did you mean 'sqlite'")


def test_a_type_like_no_other_is_answered_with_all(entries: dict[str, EntryPoint]) -> None:
    entries["a"] = entry("a", "x:A")
    with pytest.raises(UnknownComponent, match="there are: a"):
        find(Kind.SINK, "zzzzz")


def test_a_missing_library_is_named_with_what_to_install(
    entries: dict[str, EntryPoint], folder: Path
) -> None:
    (folder / "needy.py").write_text("import no_such_library.deep\n")
    entries["needy"] = entry("needy", "needy:Sink")
    with pytest.raises(MissingDependency) as caught:
        find(Kind.SINK, "needy")
    assert "'no_such_library'" in caught.value.message
    assert caught.value.hint == "pip install needy"


def test_the_extra_of_a_connector_of_ours_is_named_like_its_folder(
    entries: dict[str, EntryPoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    name = "beam_ingest.connectors.kafka_like.source"
    monkeypatch.setattr(EntryPoint, "load", lambda self: __import__("no_such_library"))
    entries["kafka"] = entry("kafka", f"{name}:Source")
    with pytest.raises(MissingDependency) as caught:
        find(Kind.SINK, "kafka")
    assert caught.value.hint == "pip install 'beam-ingest[kafka-like]'"


@pytest.mark.parametrize("type_", ["elasticsearch", "opensearch"])
def test_an_extra_that_is_named_like_the_type_goes_first(
    type_: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EntryPoint, "load", lambda self: __import__("no_such_library"))
    with pytest.raises(MissingDependency) as caught:
        find(Kind.BULK_SINK, type_)
    assert caught.value.hint == f"pip install 'beam-ingest[{type_}]'"


def test_a_defect_of_ours_is_not_hidden_as_a_missing_library(
    entries: dict[str, EntryPoint],
) -> None:
    entries["bad"] = entry("bad", "beam_ingest.no_such_module:Sink")
    with pytest.raises(ModuleNotFoundError):
        find(Kind.SINK, "bad")


def test_a_dotted_path_names_a_class_in_a_file(folder: Path) -> None:
    (folder / "mine.py").write_text("from beam_ingest import Sink\nclass Mine(Sink): pass\n")
    assert find(Kind.SINK, "mine.Mine").__name__ == "Mine"


def test_a_dotted_path_may_name_a_function_for_a_processor(folder: Path) -> None:
    (folder / "mine.py").write_text('def f(record):\n    "Doc."\n    return record | {"x": 1}\n')
    cls = find(Kind.PROCESSOR, "mine.f")
    assert issubclass(cls, Processor)
    assert cls(cls.Config(), Context()).process({"a": 1}) == {"a": 1, "x": 1}
    assert cls.__doc__ == "Doc."
    with pytest.raises(UnknownComponent, match="is no sink"):
        find(Kind.SINK, "mine.f")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("no_such.Thing", "there is no module 'no_such'"),
        ("mine.nested.Thing", "there is no module 'mine.nested'"),
        ("mine.Mein", "did you mean 'Mine'?"),
        ("mine.Qqqqqq", "has no 'Qqqqqq'"),
        ("mine.number", "is no sink"),
        ("mine.Other", "is not a subclass of Sink"),
        ("broken.Thing", "ZeroDivisionError: division by zero (line 3)"),
        ("unread.Thing", "SyntaxError"),
        ("needy.Thing", "imports 'no_such_library'"),
        (".Thing", "cannot be imported"),
        ("..Thing", "cannot be imported"),
        ("mine.", "has no ''"),
    ],
)
def test_a_dotted_path_that_leads_nowhere_says_why(folder: Path, path: str, words: str) -> None:
    (folder / "mine.py").write_text(
        "from beam_ingest import Sink\nclass Mine(Sink): pass\nclass Other: pass\nnumber = 5\n"
    )
    (folder / "broken.py").write_text("\n\n1 / 0\n")
    (folder / "unread.py").write_text("def (:\n")
    (folder / "needy.py").write_text("import no_such_library\n")
    with pytest.raises((UnknownComponent, MissingDependency)) as caught:
        find(Kind.SINK, path)
    assert words in str(caught.value)


def test_the_line_of_a_broken_module_is_its_own(folder: Path) -> None:
    (folder / "broken.py").write_text("import json\n\njson.loads('{')\n")
    with pytest.raises(UnknownComponent, match=r"JSONDecodeError.*\(line 3\)"):
        find(Kind.SINK, "broken.Thing")
