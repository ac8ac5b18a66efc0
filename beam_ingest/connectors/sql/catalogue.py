"""What a system has to answer: its catalogue, in a bounded number of statements."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from beam_ingest.api import fqn
from beam_ingest.api.entities import EntityReference, StoredProcedure, Table
from beam_ingest.api.source_config import DatabaseMetadata
from beam_ingest.connectors.sql.listing import Container, Names, SchemaListing
from beam_ingest.connectors.sql.selection import Selection


@dataclass(frozen=True, slots=True)
class Reading:
    """What a catalogue must know of the workflow: names, filters, options."""

    service: str
    selection: Selection
    options: DatabaseMetadata

    def schema_fqn(self, database: str, schema: str) -> str:
        """The FQN of a schema."""
        return fqn.build(self.service, database, schema)

    def fqn_if_read(self, database: str, schema: str, table: str) -> str | None:
        """The FQN of a table, None for one that the filters exclude."""
        if not self.selection.reaches(database, schema, table):
            return None
        return fqn.build(self.service, database, schema, table)

    def owners(self, name: str | None) -> list[EntityReference] | None:
        """The owner as a user of that name, with ``includeOwners``."""
        if not name or not self.options.include_owners:
            return None
        return [EntityReference(type="user", name=name)]


class Catalogue(ABC):
    """One system's catalogue.

    No method runs a statement per table. Every method borrows a connection for the time of its
    statements only, so none is held while records travel on. Errors are the framework's:
    ``TransientError`` for a lost connection, ``FatalError`` for a refused one.
    """

    has_procedures: ClassVar[bool] = True
    definition_grant: ClassVar[str | None] = None
    """What to grant where view definitions are not shown."""
    ignores_case: bool = False
    """Whether a view may name a table in another case than the table has."""
    default_schema: str | None = None
    """The schema of an unqualified name in a view definition, where it is not the view's own."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading

    @abstractmethod
    def databases(self) -> list[Container]:
        """All databases the settings reach, before any filter, in a stable order.

        Connects also where a setting gives the name: it is the check ``connect``.
        """

    @abstractmethod
    def lists_all_databases(self) -> bool:
        """Whether ``databases`` is all that the service has."""

    def connects_to_each_database(self) -> bool:
        """Whether several databases are read, any of which may refuse this user."""
        return False

    @abstractmethod
    def schemas(self, database: str) -> list[Container]:
        """All schemas the settings reach, before any filter, in a stable order."""

    def lists_all_schemas(self) -> bool:
        """Whether ``schemas`` is all that a database has."""
        return True

    @abstractmethod
    def listing(self, database: str, schemas: Sequence[str]) -> Iterator[SchemaListing]:
        """The names in ``schemas``, in that order: one answer a schema."""

    @abstractmethod
    def tables(self, database: str, names: Names) -> Iterator[Table]:
        """The tables and views, in the order of ``names``. One that is gone is a warning."""

    def procedures(self, database: str, names: Names) -> Iterator[StoredProcedure]:
        """The procedures and functions, in the order of ``names``."""
        return iter(())

    @abstractmethod
    def columns_of(self, database: str, names: Names) -> dict[tuple[str, str], list[str]]:
        """The columns of those tables and views that exist, by (schema, name), in order.

        What is listed but never read (a partition) is left out.
        """

    def has_connected(self) -> bool:
        """Whether the server ever answered in this process."""
        return True

    @abstractmethod
    def close(self) -> None:
        """Let go of connections."""
