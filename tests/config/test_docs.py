"""``docs/configuration.md`` says what the models say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from beam_ingest.api.config_model import Ignored, Refused
from beam_ingest.config.beam_block import BeamBlock
from beam_ingest.config.load import ConfigError, load
from beam_ingest.config.workflow_keys import WorkflowKeys, WorkflowSettings

TEXT = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
ROWS = {
    cells[1].strip("` "): cells[2].strip("` ")
    for line in TEXT.splitlines()
    if len(cells := line.split("|")) > 3
}


def supported(model: type[BaseModel]) -> dict[str, object]:
    return {
        field.alias or name: field.get_default(call_default_factory=True)
        for name, field in model.model_fields.items()
        if not any(isinstance(mark, (Ignored, Refused)) for mark in field.metadata)
    }


@pytest.mark.parametrize("model", [BeamBlock, WorkflowSettings])
def test_every_key_is_there_with_its_default(model: type[BaseModel]) -> None:
    for key, default in supported(model).items():
        if isinstance(default, BaseModel):
            default = default.model_dump(by_alias=True)
        written = yaml.safe_load(ROWS[key]) if ROWS[key] else None
        # YAML 1.1 reads a plain off as false, which the block takes for "off".
        assert (written or None) == (None if default == "off" else default or None), key


def test_every_section_is_there() -> None:
    assert [key for key in supported(WorkflowKeys) if f"`{key}`" not in TEXT] == []


def test_the_example_is_valid() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", TEXT, re.S)
    assert load(yaml.safe_load(example)).beam.workers == 2


def test_the_example_of_a_mistake_is_what_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", TEXT, re.S)
    monkeypatch.chdir(tmp_path)
    Path("workflow.yaml").write_text(example.replace("databaseMode", "databaseMod"))
    with pytest.raises(ConfigError) as caught:
        load("workflow.yaml")
    assert str(caught.value) in TEXT
