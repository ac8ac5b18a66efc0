"""Engines, and SQLAlchemy's errors in one line each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    NoSuchModuleError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.pool import NullPool

from beam_ingest.api.errors import FatalError, IngestError, TransientError
from beam_ingest.api.secrets import MASK, resolve_options
from beam_ingest.connectors.sql.connections import Unreachable
from beam_ingest.connectors.sql.sqlalchemy.config import SqlalchemyConfig
from beam_ingest.connectors.sql.sqlalchemy.sqlite_file import refuse_what_is_no_file


def url_of(config: SqlalchemyConfig) -> URL:
    """The URL with the password. Raises ``FatalError`` for one that is none, without its text."""
    try:
        url = make_url(config.url.get())
    except ArgumentError:
        raise FatalError(
            "url is not a URL of SQLAlchemy's",
            hint="url: dialect+driver://user@host:port/database",
        ) from None
    except ValueError:  # its text is what stands where the port should be
        raise _misread("its port is not a number") from None
    # A password ends at its first @: the rest of it would be shown as the host or the database.
    if url.password is not None and "@" in f"{url.host or ''}{url.database or ''}":
        raise _misread("there is an @ behind the one that ends the password")
    return url.set(password=config.password.get()) if config.password else url


def make_engine(config: SqlalchemyConfig) -> Engine:
    """An engine that keeps no connections. Raises ``FatalError`` for a missing dialect."""
    url = url_of(config)
    options = resolve_options(config.connection_options)
    arguments = resolve_options(config.connection_arguments)
    try:
        return sqlalchemy.create_engine(
            url.update_query_dict(options), connect_args=arguments, poolclass=NullPool
        )
    except NoSuchModuleError:
        raise FatalError(
            f"there is no SQLAlchemy dialect {url.drivername!r}",
            hint="install the package that has it",
        ) from None
    except ModuleNotFoundError as error:
        raise FatalError(
            f"the dialect {url.drivername!r} needs {error.name!r}, which is not installed",
            hint=f"pip install {error.name}",
        ) from None


def connect(engine: Engine) -> Connection:
    """A connection. Raises ``Unreachable`` or ``FatalError``."""
    if engine.dialect.name == "sqlite" and not engine.url.host:
        refuse_what_is_no_file(engine.url)
    try:
        return engine.connect()
    except OperationalError as error:
        # A dialect cannot tell a wrong password from a server that is down.
        raise Unreachable(
            f"{engine.url.render_as_string(hide_password=True)}: {_line(error, engine)}",
            hint="check host, user and password in url",
        ) from None
    except (SQLAlchemyError, TypeError) as error:
        raise FatalError(
            f"{engine.url.render_as_string(hide_password=True)}: {_line(error, engine)}",
            hint="see url, connectionOptions and connectionArguments",
        ) from None


def reusable(connection: Connection) -> bool:
    """End the transaction; False for a broken connection."""
    try:
        connection.rollback()
    except SQLAlchemyError:
        return False
    return not connection.closed and not connection.invalidated


def _misread(what: str) -> FatalError:
    return FatalError(
        f"url cannot be understood: {what}",
        hint="percent-encode special characters of user and password (@ is %40, / is %2F), or "
        "leave the password out of url and set the key password",
    )


@contextmanager
def explained(engine: Engine) -> Iterator[None]:
    """Turns SQLAlchemy's errors into the framework's."""
    try:
        yield
    except SQLAlchemyError as error:
        raise _explained(error, engine) from None


def _explained(error: SQLAlchemyError, engine: Engine) -> IngestError:
    where = engine.url.render_as_string(hide_password=True)
    text = f"{where}: {_line(error, engine)}"
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return TransientError(f"the connection was lost: {text}")
    return IngestError(text)


def _line(error: BaseException, engine: Engine) -> str:
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    text = next((line.strip() for line in str(cause).splitlines() if line.strip()), repr(cause))
    password = engine.url.password
    return text.replace(str(password), MASK) if password else text
