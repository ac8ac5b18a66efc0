"""What ``Inspector`` tells of the tables of one split: set-based, or one by one where it fails."""

from __future__ import annotations

import logging
import sqlite3
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy
from sqlalchemy.engine import Connection
from sqlalchemy.engine.reflection import ObjectKind
from sqlalchemy.exc import DBAPIError, NoSuchTableError, SAWarning, SQLAlchemyError

_log = logging.getLogger(__name__)
Reflected = dict[str, Any]
"""By table."""

# What a dialect that was not written for this release of SQLAlchemy fails with.
_FAULTS = (SQLAlchemyError, AttributeError, KeyError, TypeError, ValueError)


class Reflection:
    """Reads a schema's tables through one ``Inspector``, for as long as one connection."""

    def __init__(self, connection: Connection, schema: str, notices: set[str]) -> None:
        self._connection, self._schema = connection, schema
        self._notices = notices
        self._inspector = sqlalchemy.inspect(connection)
        self.broken: dict[str, str] = {}
        """What there is but has no columns that can be read (a view over what is gone), and why."""

    def columns(self, names: Sequence[str]) -> Reflected:
        """The columns of each table that is there and not ``broken``, which this fills."""
        found = self._read("columns", names, self._columns_by_query)
        # Some dialects leave a broken view out of many, and tell only of a single one.
        missing = [name for name in names if name not in found and name not in self.broken]
        if missing:
            with _unknown_types_allowed():
                found.update(self._one_by_one("columns", missing, self._columns_by_query, {}))
        return found

    def primary_keys(self, names: Sequence[str]) -> Reflected:
        """The primary key of each table."""
        return self._read("pk_constraint", names)

    def unique_keys(self, names: Sequence[str], primary: Reflected) -> Reflected:
        """The unique constraints of each table; ``primary`` is what ``primary_keys`` gave."""
        if self._connection.dialect.name != "sqlite":
            return self._read("unique_constraints", names)
        # The dialect looks for UNIQUE in the text of the table, and misses it behind a type
        # with brackets; the indexes that SQLite made for unique keys do not lie.
        indexes = self._read("indexes", names, include_auto_indexes=True)
        return {
            name: [
                index
                for index in found
                if index["name"].startswith("sqlite_autoindex_")
                and index["column_names"] != (primary.get(name) or {}).get("constrained_columns")
            ]
            for name, found in indexes.items()
        }

    def foreign_keys(self, names: Sequence[str]) -> Reflected:
        """The foreign keys of each table, with the schema they refer to."""
        if self._connection.dialect.name == "postgresql":
            return self._read("foreign_keys", names, postgresql_ignore_search_path=True)
        return self._read("foreign_keys", names)

    def comments(self, names: Sequence[str]) -> Reflected:
        """The comment of each table."""
        return self._read("table_comment", names)

    def definition(self, view: str) -> str | None:
        """The definition of a view; SQLAlchemy has no way to ask for several."""
        try:
            return self._inspector.get_view_definition(view, self._schema)
        except NotImplementedError:
            return None
        except _FAULTS as error:
            self._recover(error)
            return None

    def _read(
        self,
        what: str,
        names: Sequence[str],
        last: Callable[[str], Any] | None = None,
        **options: Any,
    ) -> Reflected:
        with _unknown_types_allowed():
            try:
                read = getattr(self._inspector, f"get_multi_{what}")
                found = read(
                    schema=self._schema, filter_names=list(names), kind=ObjectKind.ANY, **options
                )
                return {name: value for (_, name), value in found.items()}
            except NotImplementedError:
                return {}
            except _FAULTS as error:
                self._recover(error)
                fault = error
            found = dict(self._one_by_one(what, names, last, options))
        if not self.broken:  # then it is not one of them that the dialect failed at
            self._notice(what, fault)
        return found

    def _one_by_one(
        self,
        what: str,
        names: Sequence[str],
        last: Callable[[str], Any] | None,
        options: dict[str, Any],
    ) -> Iterator[tuple[str, Any]]:
        read = getattr(self._inspector, f"get_{what}")
        for name in names:
            try:
                yield name, read(name, self._schema, **options)
            except (NoSuchTableError, NotImplementedError):
                continue
            except _FAULTS as error:
                self._recover(error)
                if last is not None:
                    found = last(name)
                    if found is not None:
                        yield name, found
                    else:
                        self.broken[name] = _first_line(error)

    def _columns_by_query(self, name: str) -> list[dict[str, Any]] | None:
        """The columns that an empty query has: names, and types as the driver calls them."""
        table = sqlalchemy.table(name, schema=self._schema)
        statement = sqlalchemy.select(sqlalchemy.text("*")).select_from(table).where(
            sqlalchemy.false()
        )  # fmt: skip
        try:
            described = self._connection.execute(statement).cursor
        except DBAPIError as error:
            self._recover(error)
            return None
        return [
            {"name": column[0], "type": None, "display": _type_name(column[1]), "nullable": True}
            for column in (described.description if described is not None else ())
        ]

    def _recover(self, error: BaseException) -> None:
        """After a failed statement a transaction is of no use; nor is a lost connection, or a
        file that is locked: neither says anything of the table."""
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            raise error
        code = getattr(getattr(error, "orig", None), "sqlite_errorcode", sqlite3.SQLITE_ERROR)
        if code & 0xFF != sqlite3.SQLITE_ERROR:
            raise error
        self._connection.rollback()

    def _notice(self, what: str, error: BaseException) -> None:
        dialect = self._connection.dialect.name
        if what not in self._notices:
            self._notices.add(what)
            _log.warning(
                "the dialect %s cannot read the %s of several tables at once (%s): "
                "they are read one table at a time, which is slow",
                dialect, what.replace("_", " "), next(iter(str(error).splitlines()), ""),
            )  # fmt: skip


def _first_line(error: BaseException) -> str:
    """Of the driver's own words, where SQLAlchemy adds the statement to them."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    return next((line for line in str(cause).splitlines() if line.strip()), repr(cause))


def _type_name(code: Any) -> str | None:
    """What a driver's type code says, where it is a name (DuckDB) and not a number."""
    text = str(code)
    return None if isinstance(code, (int, type(None))) or text.startswith("<") else text


@contextmanager
def _unknown_types_allowed() -> Iterator[None]:
    # A type that SQLAlchemy does not know becomes UNKNOWN: no reason to warn.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)
        yield
