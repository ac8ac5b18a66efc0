"""``beam-ingest dead-letters``: the records that failed, grouped, or as they are. Needs no Beam."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from beam_ingest.cli.options import work_dir_config_option, work_dir_of
from beam_ingest.cli.output import emit
from beam_ingest.cli.verb import Verb

if TYPE_CHECKING:
    from beam_ingest.flow.letters import Letter

REASONS = 50
"""So many reasons of a step are told apart; the others are counted together."""

_OTHER = "(other reasons)"
_REASON_LENGTH = 300
_EXAMPLE_LENGTH = 400


@click.command("dead-letters", cls=Verb, short_help="Show the records of a run that failed.")
@click.argument("run", metavar="RUN|FILE")
@work_dir_config_option
@click.option("--step", metavar="STEP", help="Only those of this step.")
@click.option("--json", "as_json", is_flag=True, help="Print the dead letters themselves.")
def verb(run: str, config: str | None, step: str | None, as_json: bool) -> None:
    """Show the dead letters of a run, grouped by step and reason, each with an example.

    RUN is a run's directory, its name below beam.workDir (without -c: runs), or latest; or a
    file of dead letters. What a replay has passed is left out.
    """
    from beam_ingest.flow.letters import find_letters

    found = find_letters(work_dir_of(config), run)
    wanted = (letter for letter in found if step is None or letter.step == step)
    if as_json:
        for letter in wanted:
            if not emit(letter.text):
                return
        return
    groups = grouped(wanted)
    total = sum(group.count for group in groups)
    what = "1 dead letter" if total == 1 else f"{total or 'no'} dead letters"
    of_step = f" of the step {step}" if step else ""
    more = f" ({found.passed} more have passed in a replay)" if found.passed else ""
    emit(f"{what}{of_step} in {found.place}{more}")
    for group in groups:
        if not all(emit(line) for line in group.lines()):
            return


@dataclass
class Group:
    """Dead letters of one step and reason; ``example`` is the first of them."""

    step: str
    reason: str
    example: Letter
    count: int = 0
    lost: int = 0

    def add(self, letter: Letter) -> None:
        """Count ``letter`` in."""
        self.count += 1
        self.lost += not letter.has_record

    def lines(self) -> Iterator[str]:
        """The group, as text."""
        yield ""
        yield f"{self.count} x {self.step}: {self.reason}"
        if self.lost:
            yield f"    {self.lost} of them cannot be replayed: there is no whole record in them"
        value = self.example.value
        content = value["record"] if self.example.has_record else value.get("raw")
        yield f"    for example {value['name']} ({self.example.file}, line {self.example.line})"
        yield f"    {_cut(json.dumps(content, ensure_ascii=False), _EXAMPLE_LENGTH)}"


def grouped(letters: Iterable[Letter]) -> list[Group]:
    """``letters`` by step and reason, most frequent first. Keeps one letter a group in memory."""
    groups: dict[tuple[str, str], Group] = {}
    reasons: dict[str, int] = {}
    for letter in letters:
        key = letter.step, _cut(letter.reason.strip().partition("\n")[0], _REASON_LENGTH)
        if key not in groups and reasons.get(letter.step, 0) >= REASONS:
            key = letter.step, _OTHER
        if key not in groups:
            groups[key] = Group(*key, letter)
            reasons[letter.step] = reasons.get(letter.step, 0) + 1
        groups[key].add(letter)
    return sorted(groups.values(), key=lambda group: (-group.count, group.step, group.reason))


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
