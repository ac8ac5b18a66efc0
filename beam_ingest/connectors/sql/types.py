"""From the name of a SQL type to OpenMetadata's ``dataType``.

The names of all systems are in one table, since they rarely disagree; where one does, its own
module says so. The source of the mapping is OpenMetadata's ``ColumnTypeParser``.
"""

from __future__ import annotations

import re
from typing import Any, get_args

from beam_ingest.api.entities.table import DataType

WITH_LENGTH = frozenset({"CHAR", "VARCHAR", "BINARY", "VARBINARY"})
"""The types whose ``dataLength`` the server asks for; all others have 1, as OpenMetadata does."""
WITH_PRECISION = frozenset({"DECIMAL", "NUMERIC", "NUMBER"})

_SYNONYMS: dict[str, str] = {
    "int": "INT", "integer": "INT", "int4": "INT", "mediumint": "INT", "serial": "INT",
    "int32": "INT", "int24": "INT", "int3": "INT",
    "tinyint": "TINYINT", "int1": "TINYINT", "smallint": "SMALLINT", "int2": "SMALLINT",
    "bigint": "BIGINT", "int8": "BIGINT", "int64": "BIGINT", "bigserial": "BIGINT",
    "hugeint": "LARGEINT", "uhugeint": "LARGEINT",
    "utinyint": "UINT", "usmallint": "UINT", "uinteger": "UINT", "ubigint": "UINT",
    "decimal": "DECIMAL", "dec": "DECIMAL", "fixed": "DECIMAL", "numeric": "NUMERIC",
    "number": "NUMBER", "money": "MONEY",
    "float": "FLOAT", "real": "FLOAT", "float4": "FLOAT",
    "double": "DOUBLE", "double precision": "DOUBLE", "float8": "DOUBLE",
    "bool": "BOOLEAN", "boolean": "BOOLEAN", "bit": "BIT", "bit varying": "BIT", "varbit": "BIT",
    "char": "CHAR", "character": "CHAR", "nchar": "CHAR", "bpchar": "CHAR",
    "national char": "CHAR", "national character": "CHAR", "native character": "CHAR",
    "varchar": "VARCHAR", "character varying": "VARCHAR", "nvarchar": "VARCHAR",
    "varchar2": "VARCHAR", "varying character": "VARCHAR", "char varying": "VARCHAR",
    "string": "STRING", "text": "TEXT", "tinytext": "TEXT", "longtext": "TEXT", "ntext": "NTEXT",
    "mediumtext": "MEDIUMTEXT", "clob": "CLOB", "nclob": "CLOB",
    "binary": "BINARY", "varbinary": "VARBINARY", "bytea": "BYTEA", "raw": "BINARY",
    "blob": "BLOB", "tinyblob": "BLOB", "mediumblob": "MEDIUMBLOB", "longblob": "LONGBLOB",
    "date": "DATE", "datetime": "DATETIME", "smalldatetime": "DATETIME", "year": "YEAR",
    "time": "TIME", "time with time zone": "TIME", "time without time zone": "TIME",
    "timetz": "TIME", "time_ns": "TIME",
    "timestamp": "TIMESTAMP", "timestamptz": "TIMESTAMP", "timestamp with time zone": "TIMESTAMP",
    "timestamp without time zone": "TIMESTAMP", "timestamp_s": "TIMESTAMP",
    "timestamp_ms": "TIMESTAMP", "timestamp_ns": "TIMESTAMP", "timestamptz_ns": "TIMESTAMP",
    "interval": "INTERVAL", "json": "JSON", "jsonb": "JSON", "uuid": "UUID", "xml": "XML",
    "enum": "ENUM", "set": "SET", "inet": "INET", "inet4": "IPV4", "inet6": "IPV6",
    "cidr": "CIDR", "macaddr": "MACADDR", "macaddr8": "MACADDR",
    "struct": "STRUCT", "map": "MAP", "union": "UNION", "variant": "VARIANT", "array": "ARRAY",
    "geography": "GEOGRAPHY", "geometry": "GEOMETRY", "point": "GEOMETRY", "line": "GEOMETRY",
    "lseg": "GEOMETRY", "box": "GEOMETRY", "path": "GEOMETRY", "polygon": "GEOMETRY",
    "circle": "GEOMETRY", "linestring": "GEOMETRY", "multipoint": "GEOMETRY",
    "multilinestring": "GEOMETRY", "multipolygon": "GEOMETRY", "geometrycollection": "GEOMETRY",
    "geomcollection": "GEOMETRY",
    "tsvector": "TSVECTOR", "tsquery": "TSQUERY", "pg_lsn": "PG_LSN",
    "pg_snapshot": "PG_SNAPSHOT", "txid_snapshot": "TXID_SNAPSHOT",
    "tsrange": "DATETIMERANGE", "tstzrange": "DATETIMERANGE", "daterange": "DATETIMERANGE",
}  # fmt: skip

if not set(_SYNONYMS.values()) <= set(get_args(DataType)):
    raise TypeError("a type is mapped to a dataType that OpenMetadata does not have")

_DECLARED = re.compile(r"\s*([^(\[]*[^(\[\s])?\s*(?:\(([^)]*)\))?\s*(.*)", re.DOTALL)
_NOISE = re.compile(r"\b(unsigned|signed|zerofill)\b", re.IGNORECASE)


def data_type(name: str) -> str | None:
    """OpenMetadata's ``dataType`` for the bare name of a type, or None where it is unknown."""
    return _SYNONYMS.get(name.lower())


def declared(text: str) -> dict[str, Any]:
    """The type fields of a ``Column`` for a type as it is declared: ``DECIMAL(10,2)``.

    ``data_type`` is ``UNKNOWN`` where the name is; ``data_type_display`` is the text itself.
    """
    match = _DECLARED.fullmatch(text)
    name, arguments, rest = match.groups() if match else (text, None, "")
    words = " ".join(_NOISE.sub(" ", f"{name or ''} {rest.rstrip('[]0123456789')}").split())
    known = data_type(words) or data_type(" ".join(_NOISE.sub(" ", name or "").split()))
    if known is None and words.lower().startswith("interval "):
        known = "INTERVAL"  # interval day to second
    if rest.rstrip().endswith("]"):
        return {
            "data_type": "ARRAY",
            "array_data_type": known or "UNKNOWN",
            "data_length": 1,
            "data_type_display": text,
        }
    return fields(known or "UNKNOWN", text or None, _integers(arguments))


def fields(kind: str, display: str | None, arguments: list[int]) -> dict[str, Any]:
    """The type fields of a ``Column``, with the numbers in brackets where they mean something."""
    values: dict[str, Any] = {"data_type": kind, "data_length": 1, "data_type_display": display}
    if kind in WITH_LENGTH and arguments:
        values["data_length"] = arguments[0]
    elif kind in WITH_PRECISION and arguments:
        values["precision"] = arguments[0]
        values["scale"] = arguments[1] if len(arguments) > 1 else 0
    return values


def _integers(arguments: str | None) -> list[int]:
    parts = [part.strip() for part in (arguments or "").split(",")]
    return [int(part) for part in parts] if all(part.isdecimal() for part in parts) else []
