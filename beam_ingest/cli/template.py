"""``beam-ingest template``: the packaged templates, built and checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from beam_ingest.cli.exit_codes import ExitCode
from beam_ingest.cli.output import emit, say
from beam_ingest.cli.verb import Verb
from beam_ingest.templates.build import build
from beam_ingest.templates.catalog import TEMPLATES, find_template
from beam_ingest.templates.check import check
from beam_ingest.templates.template import Template

output_option = click.option(
    "-o",
    "--output",
    metavar="DIR",
    default="templates",
    help="The folder of the built templates; templates unless given.",
)


@click.group("template", short_help="List, build or check the packaged pipeline templates.")
def verb() -> None:
    """Packaged templates: a workflow with a few parameters, to launch on Dataflow or Flink."""


@verb.command("list", cls=Verb)
def list_() -> None:
    """Show the templates there are."""
    width = max(len(template.name) for template in TEMPLATES)
    for template in TEMPLATES:
        emit(f"{template.name:{width}}  {template.description}")


@verb.command("build", cls=Verb)
@click.argument("names", metavar="[NAME]...", nargs=-1)
@output_option
def build_(names: tuple[str, ...], output: str) -> None:
    """Write what templates are launched from; all of them where none is named."""
    folder = Path(output)
    if folder.exists() and not folder.is_dir():
        raise click.UsageError(f"{output} is no folder.")
    templates = _named(names)
    written = build(templates, folder)
    say(f"wrote {len(written)} files into {folder}: {', '.join(each.name for each in templates)}")
    say(f"next: python {folder / templates[0].name / 'main.py'} --help")


@verb.command("check", cls=Verb)
@click.argument("names", metavar="[NAME]...", nargs=-1)
@output_option
def check_(names: tuple[str, ...], output: str) -> int:
    """Check built templates against their declarations and Dataflow's own model."""
    templates = _named(names)
    problems = [problem for each in templates for problem in check(each, Path(output))]
    for problem in problems:
        say(problem)
    if problems:
        return ExitCode.USAGE
    say(f"checked {len(templates)} templates in {output}: all is well")
    return ExitCode.SUCCESS


def _named(names: tuple[str, ...]) -> list[Template[Any]]:
    return [find_template(name) for name in names] or list(TEMPLATES)
