"""A wheel of ours is what ``pip`` installs, and the same files give the same bytes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from beam_ingest.runners.wheel import digest_of, write_wheel

METADATA = {"METADATA": "Metadata-Version: 2.1\nName: mine\nVersion: 0.7\n"}


def test_pip_installs_it(tmp_path: Path) -> None:
    source = tmp_path / "mine.py"
    source.write_text("VALUE = 7\n")
    wheel = write_wheel(tmp_path, "mine", "0.7", {"mine.py": source}, METADATA)
    assert wheel.name == "mine-0.7-py3-none-any.whl"
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index"]
    target = ["--disable-pip-version-check", "--target", str(tmp_path / "site"), str(wheel)]
    subprocess.run([*command, *target], check=True, capture_output=True)
    assert (tmp_path / "site" / "mine.py").read_text() == "VALUE = 7\n"
    assert (tmp_path / "site" / "mine-0.7.dist-info" / "METADATA").is_file()


def test_the_same_files_give_the_same_wheel(tmp_path: Path) -> None:
    source = tmp_path / "mine.py"
    source.write_text("VALUE = 7\n")
    wheels = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        made = write_wheel(tmp_path / name, "mine", "0.7", {"mine.py": source}, METADATA)
        wheels.append(made.read_bytes())
    assert wheels[0] == wheels[1]


def test_a_changed_file_has_another_number(tmp_path: Path) -> None:
    source = tmp_path / "mine.py"
    source.write_text("VALUE = 7\n")
    before = digest_of([source])
    source.write_text("VALUE = 8\n")
    assert digest_of([source]) != before
