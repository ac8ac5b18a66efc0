"""The statement that makes a table, put together from the catalogue: PostgreSQL keeps none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_IDENTITY = {"a": "ALWAYS", "d": "BY DEFAULT"}
_GENERATED = {"s": "STORED", "v": "VIRTUAL"}


@dataclass(frozen=True, slots=True)
class Default:
    """What a column has beside type and nullability. ``name`` is quoted."""

    name: str
    expression: str | None
    generated: str
    identity: str
    collation: str | None

    def properties(self) -> dict[str, str]:
        """The same as custom properties of the column."""
        found: dict[str, str] = {}
        if self.generated and self.expression is not None:
            found["generated"] = self.expression
        elif self.expression is not None:
            found["default"] = self.expression
        if self.identity:
            found["identity"] = _IDENTITY.get(self.identity, self.identity)
        return found

    def clause(self) -> str:
        """The same as it stands in a statement."""
        parts = [f" COLLATE {self.collation}"] if self.collation else []
        if self.generated and self.expression is not None:
            kind = _GENERATED.get(self.generated, "STORED")
            parts.append(f" GENERATED ALWAYS AS ({self.expression}) {kind}")
        elif self.expression is not None:
            parts.append(f" DEFAULT {self.expression}")
        if self.identity:
            parts.append(f" GENERATED {_IDENTITY.get(self.identity, 'ALWAYS')} AS IDENTITY")
        return "".join(parts)


@dataclass(slots=True)
class TableTexts:
    """The texts of one table that only a statement needs."""

    constraints: list[tuple[str, str]] = field(default_factory=list)
    partition_key: str | None = None
    server: str | None = None


def create_table(
    name: str,
    columns: Sequence[tuple[Any, ...]],
    displays: Sequence[str],
    defaults: Mapping[int, Default],
    texts: TableTexts,
) -> str:
    """``CREATE TABLE``, with columns, defaults, keys and checks; ``name`` is quoted already.

    ``columns`` are rows of ``queries.READ_COLUMNS``, ``displays`` their types in words.
    """
    lines = []
    for row, display in zip(columns, displays, strict=True):
        default = defaults[row[1]]
        null = " NOT NULL" if row[5] else ""
        lines.append(f"    {default.name} {display}{default.clause()}{null}")
    lines += [f"    CONSTRAINT {name} {text}" for name, text in texts.constraints]
    kind = "FOREIGN TABLE" if texts.server else "TABLE"
    body = "(\n" + ",\n".join(lines) + "\n)" if lines else "()"
    partitioned = f" PARTITION BY {texts.partition_key}" if texts.partition_key else ""
    server = f" SERVER {texts.server}" if texts.server else ""
    return f"CREATE {kind} {name} {body}{partitioned}{server};"
