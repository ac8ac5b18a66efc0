"""``beam-ingest new``: a workflow that runs, or a component with a test that passes."""

from __future__ import annotations

import importlib.util
import json
import keyword
import re
import sys
from importlib.resources import files
from pathlib import Path
from string import Template

import click

from beam_ingest.api.registry import Kind
from beam_ingest.cli.output import say
from beam_ingest.cli.verb import Verb

_SCHEMA = "beam-ingest.schema.json"
_RESERVED = {"beam_ingest", "tests", "test"}


@click.command("new", cls=Verb, short_help="Write a new workflow, or a component with its test.")
@click.argument("kind", type=click.Choice(["workflow", *(kind.value for kind in Kind)]))
@click.argument("name")
@click.option("--database", metavar="FILE", help="A SQLite file for the workflow to read.")
def verb(kind: str, name: str, database: str | None) -> None:
    """Write a new workflow or component into the current folder; never replaces a file.

    A workflow reads the SQLite file of --database, or a sample that is written beside it. A
    component is one file of plain Python and a test that holds it to its contract.
    """
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+", name)
    if not words or not words[0][0].isalpha():
        raise click.UsageError(f"{name!r} is no name: it begins with a letter, such as 'shop'.")
    if kind == "workflow":
        _new_workflow("_".join(words).lower(), database)
        return
    if database is not None:
        raise click.UsageError("--database is for a workflow.")
    _new_component(Kind(kind), words)


def _new_workflow(name: str, database: str | None) -> None:
    from beam_ingest.cli.sample import make_sample_database
    from beam_ingest.cli.schema import workflow_schema_text

    workflow, sample, schema = Path(f"{name}.yaml"), Path(f"{name}.db"), Path(_SCHEMA)
    text = _template("workflow").substitute(
        name=name,
        file=workflow,
        database=json.dumps(database or str(sample), ensure_ascii=False),
        schema=_SCHEMA,
        output=f"out/{name}.jsonl",
    )
    if database is not None:
        _write({workflow: text})
    else:
        _refuse_existing([workflow, sample])
        make_sample_database(sample)
        say(f"wrote {sample}, a sample to read")
        _write({workflow: text})
    if not schema.exists():
        _write({schema: workflow_schema_text()})
    say(f"next: beam-ingest test-connection -c {workflow}")
    say(f"      beam-ingest run -c {workflow}")


def _new_component(kind: Kind, words: list[str]) -> None:
    suffix = "".join(part.title() for part in kind.value.split("-"))
    module = "_".join(words).lower()
    cls = "".join(word[0].upper() + word[1:] for word in words).removesuffix(suffix) + suffix
    _refuse_module(module)
    template = kind.value.replace("-", "_")
    _write(
        {
            Path(f"{module}.py"): _template(template).substitute(cls=cls),
            Path(f"test_{module}.py"): _template(f"{template}_test").substitute(
                cls=cls, module=module
            ),
        }
    )
    say(f"in a workflow: type: {module}.{cls}")
    say(f"next: pytest test_{module}.py   (pip install 'beam-ingest[testing]')")


def _template(name: str) -> Template:
    text = files("beam_ingest.cli.templates").joinpath(f"{name}.tmpl").read_text("utf-8")
    return Template(text)


def _refuse_module(module: str) -> None:
    taken = module in sys.stdlib_module_names or module in _RESERVED or keyword.iskeyword(module)
    if not taken and not Path(f"{module}.py").exists():
        # The current folder comes last on the path, so an installed module would hide this one.
        taken = importlib.util.find_spec(module) is not None
    if taken:
        raise click.UsageError(f"{module!r} is the name of another Python module: choose another.")


def _refuse_existing(paths: list[Path]) -> None:
    there = [str(path) for path in paths if path.exists()]
    if there:
        raise click.UsageError(f"{' and '.join(there)} exist already; nothing was written.")


def _write(texts: dict[Path, str]) -> None:
    _refuse_existing(list(texts))
    for path, text in texts.items():
        with path.open("x", encoding="utf-8") as file:  # x: fails for a file made meanwhile
            file.write(text)
        say(f"wrote {path}")
