"""docs/cli.md says what the command line says."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from beam_ingest.cli.exit_codes import ExitCode
from beam_ingest.cli.main import ALIASES, VERBS, main

DOCS = Path(__file__).parent.parent.parent / "docs"


def section(verb: str) -> str:
    found = re.search(rf"^## {verb}$(.*?)(?=^## |\Z)", (DOCS / "cli.md").read_text(), re.M | re.S)
    assert found, f"docs/cli.md has no section {verb!r}"
    return found[1]


def command(verb: str) -> click.Command:
    found = main.get_command(click.Context(main), verb)
    assert found is not None
    return found


def options_of(verb: click.Command) -> list[click.Option]:
    verbs = [verb, *(verb.commands.values() if isinstance(verb, click.Group) else ())]
    return [each for part in verbs for each in part.params if isinstance(each, click.Option)]


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_is_documented_with_its_help(verb: str) -> None:
    documented = dict(re.findall(r"^\| (`-.*?) \| (.*) \|$", section(verb), re.M))
    options = options_of(command(verb))
    assert documented == {
        ", ".join(f"`{spelling}`" for spelling in option.opts): option.help
        for option in options
        if option.opts != ["--debug"]
    }


@pytest.mark.parametrize("verb", VERBS)
def test_the_list_of_verbs_says_what_the_verb_says(verb: str) -> None:
    assert command(verb).get_short_help_str(limit=200) == VERBS[verb]
    assert command(verb).name == verb


def test_there_is_no_section_for_a_verb_that_is_not_there() -> None:
    assert re.findall(r"^## (.*)$", (DOCS / "cli.md").read_text(), re.M) == list(VERBS)
    assert all(alias in section(verb) for alias, verb in ALIASES.items())


def test_every_exit_code_is_documented() -> None:
    table = (DOCS / "report.md").read_text().split("## Status and exit code")[1]
    codes = {int(code) for cell in re.findall(r"^\| ([\d, ]+) \|", table, re.M)
             for code in cell.split(", ")}  # fmt: skip
    assert codes == set(ExitCode)
