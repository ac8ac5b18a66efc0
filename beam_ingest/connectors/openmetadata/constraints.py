"""Foreign keys: in which order tables can be written whole, and what is left of a cycle.

The server refuses a foreign key whose target was not there before the request. So a table waits
for its targets; where tables wait for each other in a circle, they are written once without
those keys and once with. This module only says what can go next; it knows no server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from beam_ingest.api import fqn
from beam_ingest.api.entities import Table, TableConstraint


def referred_tables(constraint: TableConstraint) -> set[str]:
    """The FQNs of the tables that a constraint refers to."""
    found: set[str] = set()
    for column in constraint.referred_columns or ():
        try:
            found.add(fqn.parent_of(column))
        except ValueError:
            found.add(column)  # no FQN: the server is to say so
    return found


def targets_of(table: Table) -> set[str]:
    """The FQNs of the tables that the foreign keys of ``table`` refer to."""
    found: set[str] = set()
    for constraint in table.table_constraints or ():
        found |= referred_tables(constraint)
    return found


def without_keys_to(table: Table, targets: set[str]) -> Table:
    """``table`` without its foreign keys to those tables; itself where it has none."""
    constraints = table.table_constraints or ()
    kept = [each for each in constraints if not targets & referred_tables(each)]
    if len(kept) == len(constraints):
        return table
    return table.model_copy(update={"table_constraints": kept or None})


@dataclass(frozen=True, slots=True)
class Step:
    """What can be written next, all at once.

    ``whole``: tables with nothing more to wait for. ``first``: tables of cycles and long chains, to
    be written without the keys that wait; they stay in the game and come again as ``whole``.
    """

    whole: list[str]
    first: list[str]


def next_step(
    waiting: Mapping[str, set[str]], is_there: Callable[[str], bool], *, at_once: bool = False
) -> Step:
    """What of ``waiting`` (each table and its targets) to write next; never nothing.

    A target that is neither there nor waiting itself is nowhere: nothing waits for it.
    ``at_once``: all that still waits for another begins now, not only cycles.
    """
    held_up = {
        name: {target for target in targets if target in waiting and not is_there(target)}
        for name, targets in waiting.items()
    }
    whole = [name for name, targets in held_up.items() if not targets]
    if at_once:
        return Step(whole, sorted(held_up.keys() - whole))
    cycles = [group for group in _bottom(held_up) if held_up[group[0]]]
    return Step(whole, sorted(name for group in cycles for name in group))


def _bottom(graph: Mapping[str, set[str]]) -> Iterable[list[str]]:
    # The circles that wait for nothing but themselves: strongly connected components without an
    # edge to another one (Tarjan's algorithm, without recursion: a chain may be long).
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    component: dict[str, int] = {}
    stack: list[str] = []
    groups: list[list[str]] = []
    for root in graph:
        if root in index:
            continue
        work = [(root, iter(graph[root]))]
        index[root] = low[root] = len(index)
        stack.append(root)
        while work:
            node, targets = work[-1]
            target = next(targets, None)
            if target is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    groups.append(_popped(stack, node, component, len(groups)))
            elif target not in index:
                index[target] = low[target] = len(index)
                stack.append(target)
                work.append((target, iter(graph[target])))
            elif target not in component:
                low[node] = min(low[node], index[target])
    for number, group in enumerate(groups):
        if all(component[target] == number for name in group for target in graph[name]):
            yield group


def _popped(stack: list[str], root: str, component: dict[str, int], number: int) -> list[str]:
    group: list[str] = []
    while not group or group[-1] != root:
        group.append(stack.pop())
        component[group[-1]] = number
    return group
