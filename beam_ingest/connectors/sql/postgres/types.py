"""PostgreSQL's types as OpenMetadata's, each distinct one asked for once a worker."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from beam_ingest.api.construct import ColumnMaker, builder, column_maker
from beam_ingest.api.entities import Column
from beam_ingest.connectors.sql import types
from beam_ingest.connectors.sql.postgres import queries

TypeKey = tuple[int, int]
"""The oid of a type and its modifier."""
Query = Callable[[str, list[Any]], list[tuple[Any, ...]]]

_column = builder(Column)

# By name in pg_catalog, where it is not what the shared table says or is not in it.
_OWN = {
    "name": "STRING", "char": "CHAR", "oid": "BIGINT", "xid": "BIGINT", "cid": "BIGINT",
    "xid8": "BIGINT", "tid": "STRING", "cstring": "STRING", "refcursor": "STRING",
    "jsonpath": "STRING", "regclass": "STRING", "regcollation": "STRING", "regconfig": "STRING",
    "regdictionary": "STRING", "regnamespace": "STRING", "regoper": "STRING",
    "regoperator": "STRING", "regproc": "STRING", "regprocedure": "STRING", "regrole": "STRING",
    "regtype": "STRING", "pg_node_tree": "STRING",
}  # fmt: skip
# Types of well known extensions, in whatever schema they were put.
_EXTENSIONS = {
    "geometry": "GEOMETRY", "geography": "GEOGRAPHY", "citext": "TEXT", "hstore": "MAP",
    "hll": "HLL",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class PgType:
    """The type fields of a ``Column``, what makes one, and whether a domain forbids nulls."""

    fields: dict[str, Any]
    make: ColumnMaker
    not_null: bool = False


class TypeCache:
    """Types by oid and modifier. They are few: a catalogue of 10,000 tables has some dozens.

    Threads may share it: two that meet the same new type at once both ask for it.
    """

    def __init__(self) -> None:
        self._known: dict[TypeKey, PgType] = {}

    def resolve(self, keys: Iterable[TypeKey], query: Query) -> dict[TypeKey, PgType]:
        """All types of ``keys``, and what they are made of; asks for those not yet known."""
        wanted = set(keys).difference(self._known)
        if wanted:
            self._ask(wanted, query)
        return self._known

    def _ask(self, wanted: set[TypeKey], query: Query) -> None:
        rows: dict[TypeKey, tuple[Any, ...]] = {}
        attributes: dict[int, list[tuple[Any, ...]]] = {}
        # Elements of arrays, bases of domains and attributes of composites are types too.
        while wanted:
            found = query(queries.READ_TYPES, [list(part) for part in zip(*wanted, strict=True)])
            rows.update({(row[0], row[1]): row for row in found})
            composites = [row[11] for row in found if row[5] == "c" and row[11] not in attributes]
            inner = {key for row in found if (key := _inner(row)) is not None}
            if composites:
                for composite in composites:
                    attributes[composite] = []
                for row in query(queries.READ_COLUMNS, [composites]):
                    attributes[row[0]].append(row)
                    inner.add((row[3], row[4]))
            wanted = inner.difference(self._known, rows)
        for key in rows:
            self._known[key] = self._make(key, rows, attributes)

    def _make(
        self,
        key: TypeKey,
        rows: dict[TypeKey, tuple[Any, ...]],
        attributes: dict[int, list[tuple[Any, ...]]],
    ) -> PgType:
        if key in self._known:
            return self._known[key]
        row = rows[key]
        _, modifier, display, name, schema, kind, _, not_null, *_ = row
        inner_key = _inner(row)
        inner = self._make(inner_key, rows, attributes) if inner_key else None
        fields: dict[str, Any]
        if kind == "d" and inner is not None:
            fields = {**inner.fields, "data_type_display": display}
            return PgType(fields, column_maker(fields), not_null or inner.not_null)
        if inner is not None:
            fields = {**types.fields("ARRAY", display, [])}
            fields["array_data_type"] = inner.fields["data_type"]
        elif kind == "c":
            fields = types.fields("STRUCT", display, [])
            fields["children"] = [
                _column({
                    "name": attribute[2],
                    "description": attribute[6],
                    **self._make((attribute[3], attribute[4]), rows, attributes).fields,
                })
                for attribute in attributes[row[11]]
            ]  # fmt: skip
        else:
            fields = types.fields(
                _data_type(name, schema, kind), display, _arguments(name, modifier)
            )
        return PgType(fields, column_maker(fields))


def _inner(row: tuple[Any, ...]) -> TypeKey | None:
    """The type that an array or a domain is made of."""
    _, modifier, _, _, _, kind, category, _, element, base, base_modifier, _ = row
    if kind == "d":
        return base, base_modifier
    return (element, modifier) if category == "A" and element else None


def _data_type(name: str, schema: str, kind: str) -> str:
    if kind == "e":
        return "ENUM"
    if schema == "pg_catalog":
        return _OWN.get(name) or types.data_type(name) or "UNKNOWN"
    return _EXTENSIONS.get(name, "UNKNOWN")


def _arguments(name: str, modifier: int) -> list[int]:
    """The numbers in the brackets of a type, from its modifier (PostgreSQL's numerictypmodin,
    varchartypmodin: four bytes are added)."""
    if modifier < 4:
        return []
    value = modifier - 4
    if name == "numeric":
        scale = value & 0x7FF
        return [(value >> 16) & 0xFFFF, (scale ^ 1024) - 1024]
    return [value] if name in ("varchar", "bpchar") else []
