"""``beam-ingest list``: the components that are installed. Imports none of them."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path

import click

from beam_ingest.api.registry import Kind, types
from beam_ingest.cli.output import emit
from beam_ingest.cli.verb import Verb


@click.command("list", cls=Verb, short_help="List the components there are.")
@click.argument("kind", required=False, type=click.Choice([kind.value for kind in Kind]))
def verb(kind: str | None) -> None:
    """List the components that are installed: kind, type, and what each is for.

    Beside these, `type: mine.MySource` names a class of your own in mine.py.
    """
    kinds = [Kind(kind)] if kind else list(Kind)
    rows = [(each.value, type_, where) for each in kinds for type_, where in types(each).items()]
    widths = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
    for kind_, type_, where in rows:
        text = f"{kind_:{widths[0]}}  {type_:{widths[1]}}  {_summary(where)}".rstrip()
        if not emit(text):
            return


def _summary(where: str) -> str:
    # Read from the source file: importing a connector would import its vendor's library.
    module, _, name = where.partition(":")
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        return ""
    tree = ast.parse(Path(spec.origin).read_bytes())
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return (ast.get_docstring(node) or "").partition("\n")[0]
    return ""
