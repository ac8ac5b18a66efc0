"""Whether a listing is complete, from what ``SHOW GRANTS`` says."""

from __future__ import annotations

import pytest

from beam_ingest.connectors.sql.mysql.grants import Grants


@pytest.mark.parametrize(
    ("line", "whole", "partial"),
    [
        ("GRANT ALL PRIVILEGES ON *.* TO `me`@`%` WITH GRANT OPTION", ["a", "b"], []),
        ("GRANT SELECT, INSERT ON *.* TO `me`@`%`", ["a"], []),
        ("GRANT USAGE ON *.* TO `me`@`%` IDENTIFIED BY PASSWORD '*0'", [], ["a"]),
        ("GRANT SELECT ON `sales`.* TO `me`@`%`", ["sales"], ["sales2", "sale"]),
        ("GRANT SELECT ON `sales`.`orders` TO `me`@`%`", [], ["sales"]),
        ("GRANT INSERT, SHOW VIEW ON `sales`.* TO `me`@`%`", [], ["sales"]),
        ("GRANT SELECT (id) ON `sales`.`orders` TO `me`@`%`", [], ["sales"]),
        ("GRANT SELECT ON `dev\\_%`.* TO `me`@`%`", ["dev_", "dev_x"], ["devx", "adev_"]),
        ("GRANT SELECT ON `d_v`.* TO `me`@`%`", ["dev", "dxv"], ["deev"]),
        ("GRANT SELECT ON `back``tick`.* TO `me`@`%`", ["back`tick"], ["backtick"]),
        ("GRANT `reader` TO `me`@`%`", [], ["a"]),
    ],
)
def test_a_schema_is_whole_where_all_of_it_may_be_selected(
    line: str, whole: list[str], partial: list[str]
) -> None:
    grants = Grants([line])
    assert [name for name in whole if not grants.whole(name)] == []
    assert [name for name in partial if grants.whole(name)] == []


def test_a_partial_revoke_takes_a_schema_away() -> None:
    grants = Grants(
        ["GRANT SELECT ON *.* TO `me`@`%`", "REVOKE SELECT ON `secret`.* FROM `me`@`%`"]
    )
    assert grants.whole("open")
    assert not grants.whole("secret")


def test_information_schema_is_always_whole() -> None:
    assert Grants([]).whole("information_schema")


def test_one_of_several_privileges_is_asked_for() -> None:
    grants = Grants(
        ["GRANT SELECT ON *.* TO `me`@`%`", "GRANT SELECT, SHOW VIEW ON `a`.* TO `me`@`%`"],
        "SHOW VIEW",
    )
    assert grants.whole("a")
    assert not grants.whole("b")
    assert Grants(["GRANT ALL PRIVILEGES ON *.* TO `me`@`%`"], "SHOW VIEW").whole("b")
