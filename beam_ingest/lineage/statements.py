"""Statements of all kinds as queries: what they read, and the queries whose rows they write.

UPDATE, MERGE and DELETE become the SELECT that gives the rows they write, so that everything
else knows queries only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlglot import exp

from beam_ingest.lineage.names import Naming, TableName
from beam_ingest.lineage.parse import Unparsable

TARGET = "target"
"""In the ``meta`` of a table: it is the one that is written."""


@dataclass(slots=True)
class Write:
    """Rows that are written. ``columns``: where to; None: the names that the query gives.

    ``positional``: into the columns of the target in their order.
    """

    query: exp.Query
    columns: list[str] | None = None
    positional: bool = False


@dataclass(slots=True)
class Statement:
    """One statement.

    ``others`` are queries that only read; ``passing``: the target is a temporary table.
    """

    target: TableName | None = None
    writes: list[Write] = field(default_factory=list)
    others: list[exp.Query] = field(default_factory=list)
    passing: bool = False


def statement_of(tree: exp.Expr, naming: Naming) -> Statement:
    """What a parsed statement reads and writes. Raises ``Unparsable`` for what is none."""
    for kind, read in _KINDS:
        if isinstance(tree, kind):
            return read(tree, naming)
    if isinstance(tree, (exp.Condition, exp.Alias, exp.Tuple)):
        raise Unparsable("there is no statement in it")
    return Statement()


def _query(tree: exp.Query, naming: Naming) -> Statement:
    into, query = tree.args.get("into"), _bare(tree)
    if not isinstance(into, exp.Into) or not isinstance(into.this, exp.Table):
        return Statement(others=[query])
    target = naming.table(into.this)
    passing = bool(into.args.get("temporary"))
    return Statement(target, [Write(query)] if target else [], [] if target else [query], passing)


def _insert(tree: exp.Insert, naming: Naming) -> Statement:
    table, columns = _table_and_columns(tree.this, naming)
    found = Statement(naming.table(table) if table is not None else None)
    query = tree.args.get("expression")
    if isinstance(query, exp.Table):
        query = exp.select("*").from_(query)
    if isinstance(query, exp.Query) and not isinstance(query, exp.Values):
        inner = _bare(query)
        _add_ctes(inner, tree)
        found.writes.append(Write(inner, columns, positional=columns is None))
    else:
        found.others += _outermost(query)
    return found


def _create(tree: exp.Create, naming: Naming) -> Statement:
    table, columns = _table_and_columns(tree.this, naming)
    properties = tree.args.get("properties")
    passing = properties is not None and properties.find(exp.TemporaryProperty) is not None
    query, clone = tree.args.get("expression"), tree.args.get("clone")
    if tree.args.get("kind") not in ("TABLE", "VIEW") or table is None:
        return Statement()
    if clone is not None and isinstance(clone.this, exp.Table):
        query = exp.select("*").from_(clone.this)
    if isinstance(query, exp.Table):
        query = exp.select("*").from_(query)
    if not isinstance(query, exp.Query):
        return Statement()
    inner = _bare(query)
    _add_ctes(inner, tree)
    return Statement(naming.table(table), [Write(inner, columns)], passing=passing)


def _update(tree: exp.Update, naming: Naming) -> Statement:
    table = tree.this
    if not isinstance(table, exp.Table):
        return Statement()
    from_ = tree.args.get("from_")
    joins = [*(table.args.pop("joins", None) or ()), *(tree.args.get("joins") or ())]
    sets = [each for each in tree.expressions if isinstance(each, exp.EQ)]
    target = _written(table, joins, sets)
    rows = _select(
        [each.expression for each in sets],
        [table, *([from_.this] if from_ is not None else [])],
        joins=[*joins, *(_joins_of(from_) if from_ is not None else [])],
        where=tree.args.get("where"),
    )
    _add_ctes(rows, tree)
    target.meta[TARGET] = True
    return Statement(naming.table(target), [Write(rows, _names(sets, naming))])


def _delete(tree: exp.Delete, naming: Naming) -> Statement:
    table = tree.this
    named = [each for each in tree.args.get("tables") or () if isinstance(each, exp.Table)]
    if not isinstance(table, exp.Table):
        return Statement()
    joins = [*(table.args.pop("joins", None) or ()), *(tree.args.get("joins") or ())]
    using = list(tree.args.get("using") or ())
    target = _aliased(named[0].name, [table, *(join.this for join in joins)]) if named else table
    rows = _select([exp.Star()], [table, *using], joins=joins, where=tree.args.get("where"))
    _add_ctes(rows, tree)
    target.meta[TARGET] = True
    return Statement(naming.table(target), others=[rows])


def _merge(tree: exp.Merge, naming: Naming) -> Statement:
    table, using = tree.this, tree.args.get("using")
    if not isinstance(table, exp.Table) or using is None:
        return Statement()
    table.meta[TARGET] = True
    found = Statement(naming.table(table))
    whens = tree.args.get("whens")
    for when in whens.expressions if whens is not None else ():
        then = when.args.get("then")
        if isinstance(then, exp.Update):
            sets = [each for each in then.expressions if isinstance(each, exp.EQ)]
            values, names = [each.expression for each in sets], _names(sets, naming)
        elif isinstance(then, exp.Insert) and isinstance(then.expression, exp.Tuple):
            values = list(then.expression.expressions)
            into = then.this.expressions if isinstance(then.this, exp.Tuple) else []
            names = [naming.column(each) for each in into]
        else:
            continue
        rows = _select([v.copy() for v in values], [using.copy(), table.copy()])
        found.writes.append(Write(rows, names or None, positional=not names))
    on = tree.args.get("on")
    where = exp.Where(this=on.copy()) if on is not None else None
    found.others.append(_select([exp.Star()], [using.copy(), table.copy()], where=where))
    for query in (*found.others, *(write.query for write in found.writes)):
        _add_ctes(query, tree, copy=True)
    return found


def _copy(tree: exp.Copy, naming: Naming) -> Statement:
    if isinstance(tree.this, exp.Query):
        return Statement(others=[_bare(tree.this)])
    table, _ = _table_and_columns(tree.this, naming)
    if table is None:
        return Statement()
    if tree.args.get("kind"):
        return Statement(naming.table(table))
    return Statement(others=[exp.select("*").from_(table)])


def _truncate(tree: exp.TruncateTable, naming: Naming) -> Statement:
    tables = [each for each in tree.expressions if isinstance(each, exp.Table)]
    return Statement(naming.table(tables[0]) if tables else None)


_Reader = Callable[[Any, Naming], Statement]
_KINDS: Sequence[tuple[type[exp.Expr], _Reader]] = (
    (exp.Query, _query),
    (exp.Insert, _insert),
    (exp.Create, _create),
    (exp.Update, _update),
    (exp.Delete, _delete),
    (exp.Merge, _merge),
    (exp.Copy, _copy),
    (exp.TruncateTable, _truncate),
)


def _select(
    values: list[Any], sources: list[Any], *, joins: Sequence[Any] = (), where: Any = None
) -> exp.Select:
    first, *rest = sources
    crossed = [exp.Join(this=each) for each in rest]
    select = exp.Select(
        expressions=values, from_=exp.From(this=first), joins=[*crossed, *joins] or None
    )
    if where is not None:
        select.set("where", where)
    return select


def _bare(query: exp.Query) -> exp.Query:
    """A query without the brackets around it."""
    inner = query.unnest()
    return inner if isinstance(inner, exp.Query) else query


def _joins_of(from_: exp.From) -> list[Any]:
    return list(from_.this.args.pop("joins", None) or ())


def _add_ctes(query: exp.Query, tree: exp.Expr, *, copy: bool = False) -> None:
    given = tree.args.get("with_")
    if given is None:
        return
    own = query.args.get("with_")
    given = given.copy() if copy else given
    if own is not None:
        given.set("expressions", [*given.expressions, *own.expressions])
    query.set("with_", given)


def _table_and_columns(node: Any, naming: Naming) -> tuple[exp.Table | None, list[str] | None]:
    columns = None
    if isinstance(node, exp.Schema):
        columns = [naming.column(_identifier(each)) for each in node.expressions] or None
        node = node.this
    return (node if isinstance(node, exp.Table) else None), columns


def _identifier(node: exp.Expr) -> exp.Expr:
    return node.this if isinstance(node.this, exp.Identifier) else node


def _names(sets: list[exp.EQ], naming: Naming) -> list[str]:
    return [naming.column(_identifier(each.this)) for each in sets]


def _written(table: exp.Table, joins: list[Any], sets: list[exp.EQ]) -> exp.Table:
    # UPDATE a JOIN b SET b.x = a.y writes b.
    first = sets[0].this if sets else None
    alias = first.table if isinstance(first, exp.Column) else ""
    return _aliased(alias, [table, *(join.this for join in joins)])


def _aliased(alias: str, tables: list[Any]) -> exp.Table:
    found = [t for t in tables if isinstance(t, exp.Table) and t.alias_or_name == alias]
    first: exp.Table = found[0] if found else tables[0]
    return first


def _outermost(node: exp.Expr | None) -> Iterator[exp.Query]:
    if node is None:
        return
    for each in node.walk(prune=lambda n: isinstance(n, (exp.Select, exp.SetOperation))):
        if isinstance(each, (exp.Select, exp.SetOperation)):
            yield each
