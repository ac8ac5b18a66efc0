"""Which tables have foreign keys, from a server that may not tell."""

from __future__ import annotations

from typing import Any, cast

import pymysql
import pytest
from pymysql.connections import Connection
from pymysql.constants import ER

from beam_ingest.connectors.sql.mysql.connection import tables_with_foreign_keys


class Refusing:
    """A connection whose every statement ends in an error."""

    def __init__(self, code: int) -> None:
        self._code = code

    def cursor(self) -> Any:
        raise pymysql.err.OperationalError(self._code, "no")


@pytest.mark.parametrize("code", [ER.SPECIFIC_ACCESS_DENIED_ERROR, ER.UNKNOWN_TABLE])
def test_a_server_that_does_not_tell_is_asked_table_by_table(code: int) -> None:
    assert tables_with_foreign_keys(cast(Connection, Refusing(code))) is None


def test_a_lost_connection_is_no_answer() -> None:
    with pytest.raises(pymysql.err.OperationalError):
        tables_with_foreign_keys(cast(Connection, Refusing(2013)))
