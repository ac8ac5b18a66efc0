"""The slots that a machine's Flink has are no parallelism of an embedded one."""

from __future__ import annotations

from pathlib import Path

import pytest

from beam_ingest.runners.flink_configuration import without_slots


@pytest.mark.parametrize(
    ("name", "text", "left"),
    [
        ("flink-conf.yaml", "a: 1\ntaskmanager.numberOfTaskSlots: 8\nb: 2\n", "a: 1\nb: 2\n"),
        ("flink-conf.yaml", "a: 1\ntaskmanager.numberOfTaskSlots : 8", "a: 1\n"),
        (
            "config.yaml",
            "taskmanager:\n  numberOfTaskSlots: 8\n  host: h\n",
            "taskmanager:\n  host: h\n",
        ),
    ],
)
def test_they_are_left_out_of_a_copy_that_goes_again(
    tmp_path: Path, name: str, text: str, left: str
) -> None:
    (tmp_path / name).write_text(text)
    (tmp_path / "log4j.properties").write_text("kept")
    told = {"FLINK_CONF_DIR": str(tmp_path), "HOME": "/h"}
    with without_slots(told) as environment:
        copy = Path(environment["FLINK_CONF_DIR"])
        assert (copy / name).read_text() == left
        assert (copy / "log4j.properties").read_text() == "kept"
        assert environment["HOME"] == "/h"
    assert not copy.exists()
    assert (tmp_path / name).read_text() == text


@pytest.mark.parametrize(
    "text", ["", "# taskmanager.numberOfTaskSlots: 8\n", "my.taskmanager.numberOfTaskSlots: 8\n"]
)
def test_a_configuration_that_says_none_is_taken_as_it_is(tmp_path: Path, text: str) -> None:
    (tmp_path / "flink-conf.yaml").write_text(text)
    told = {"FLINK_CONF_DIR": str(tmp_path)}
    with without_slots(told) as environment:
        assert environment == told


def test_without_a_configuration_nothing_is_changed(tmp_path: Path) -> None:
    for told in ({}, {"FLINK_CONF_DIR": ""}, {"FLINK_CONF_DIR": str(tmp_path / "none")}):
        with without_slots(told) as environment:
            assert environment == told
