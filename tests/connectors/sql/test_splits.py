"""How a listing is cut into splits."""

from __future__ import annotations

from beam_ingest.connectors.sql.splits import (
    MAX_TABLES,
    MAX_WEIGHT,
    PROCEDURES,
    RELATIONS,
    Cutter,
    Item,
)

Cut = list[tuple[str, int]]


def tables(count: int, weight: int = 1) -> list[Item]:
    return [(RELATIONS, f"t{number:05d}", weight) for number in range(count)]


def cut(schemas: dict[str, list[Item]], database: str = "db") -> list[tuple[str, dict[str, int]]]:
    """Each split's key, and how many names of each schema are in it."""
    cutter = Cutter(database)
    splits = [split for name, items in schemas.items() for split in cutter.add(name, items)]
    splits.extend(cutter.finish())
    seen = [
        (schema, name)
        for split in splits
        for kind in (RELATIONS, PROCEDURES)
        for schema, names in split.payload[kind].items()
        for name in names
    ]
    assert sorted(seen) == sorted((s, name) for s, items in schemas.items() for _, name, _ in items)
    assert len({split.key for split in splits}) == len(splits)
    return [
        (split.key, {s: len(names) for s, names in split.payload[RELATIONS].items()})
        for split in splits
    ]


def test_a_large_schema_is_many_splits() -> None:
    found = cut({"big": tables(2 * MAX_TABLES + 1)})
    assert found == [
        ("db/big/0000", {"big": MAX_TABLES}),
        ("db/big/0001", {"big": MAX_TABLES}),
        ("db/big/0002", {"big": 1}),
    ]


def test_4000_schemas_of_five_tables_are_a_few_splits() -> None:
    found = cut({f"s{number:04d}": tables(5) for number in range(4000)})
    assert len(found) == 4000 * 5 // MAX_TABLES + 1
    assert found[0][0] == "db/s0000+119/shared"
    assert sum(found[0][1].values()) == MAX_TABLES


def test_small_schemas_around_a_large_one_share_a_split() -> None:
    found = cut({"a": tables(3), "big": tables(MAX_TABLES + 1), "z": tables(2), "nothing": []})
    assert found == [
        ("db/big/0000", {"big": MAX_TABLES}),
        ("db/big/0001", {"big": 1}),
        ("db/a+1/shared", {"a": 3, "z": 2}),
    ]


def test_wide_tables_are_cut_by_their_columns() -> None:
    found = cut({"wide": tables(100, weight=1600)})
    per_split = MAX_WEIGHT // 1600
    assert [sum(names.values()) for _, names in found[:-1]] == [per_split] * (len(found) - 1)
    assert found[0][1] == {"wide": per_split}


def test_one_table_wider_than_a_split_is_a_split() -> None:
    assert cut({"s": tables(2, weight=MAX_WEIGHT * 2)}) == [
        ("db/s/0000", {"s": 1}),
        ("db/s/0001", {"s": 1}),
    ]


def test_procedures_travel_beside_tables() -> None:
    cutter = Cutter("db")
    items = [*tables(1), (PROCEDURES, "p", 10)]
    splits = [*cutter.add("s", items), *cutter.finish()]
    assert [split.payload for split in splits] == [
        {"database": "db", RELATIONS: {"s": ["t00000"]}, PROCEDURES: {"s": ["p"]}}
    ]


def test_slashes_in_names_do_not_make_keys_alike() -> None:
    one = cut({"b/c": tables(1)}, database="a")
    two = cut({"c": tables(1)}, database="a/b")
    assert [key for key, _ in (*one, *two)] == ["a/b%2Fc/shared", "a%2Fb/c/shared"]
