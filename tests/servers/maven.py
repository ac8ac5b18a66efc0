"""Jars from Maven Central: what ``poms/<name>.xml`` asks for, fetched once a machine.

``python -m tests.servers.maven [NAME ...]`` fetches them ahead (``make servers`` does).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

POMS = Path(__file__).parent / "poms"


class NoMaven(Exception):
    """Maven is not here, or could not fetch; the message says what to do."""


def jars(name: str) -> Path:
    """The folder with the jars of ``poms/<name>.xml``. Raises ``NoMaven``.

    A pom with ``<packaging>pom</packaging>`` gives its dependencies, one jar each; one with
    ``<packaging>jar</packaging>`` is built and gives the jars that this leaves in ``target``.
    """
    pom = (POMS / f"{name}.xml").read_bytes()
    folder = cache() / f"{name}-{hashlib.sha256(pom).hexdigest()[:12]}"
    if not folder.is_dir():
        _fetch(name, pom, folder)
    return folder


def cache() -> Path:
    """Where what tests need is kept, once a machine."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "beam_ingest-tests"


def _fetch(name: str, pom: bytes, folder: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise NoMaven("install Maven and a JDK: apt-get install maven")
    if os.environ.get("BEAM_INGEST_TEST_INSTALL") == "no":
        raise NoMaven(
            f"unset BEAM_INGEST_TEST_INSTALL, or run: python -m tests.servers.maven {name}"
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{name}-", dir=folder.parent) as work:
        Path(work, "pom.xml").write_bytes(pom)
        built = b"<packaging>jar</packaging>" in pom
        goals = ["package"] if built else ["dependency:copy-dependencies", "-DoutputDirectory=jars"]
        told = subprocess.run(
            [maven, "--batch-mode", "--quiet", *goals],
            cwd=work, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        made = Path(work, "target" if built else "jars")
        if told.returncode != 0 or not list(made.glob("*.jar")):
            raise NoMaven(f"Maven could not fetch {name}: {(told.stdout + told.stderr)[-1000:]}")
        # By rename: two test runs may fetch at once, and either result is whole.
        try:
            made.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise


def main(names: list[str]) -> int:
    """Fetch what is named, by default everything."""
    failed = 0
    for name in names or sorted(pom.stem for pom in POMS.glob("*.xml")):
        try:
            jars(name)
        except NoMaven as error:
            print(f"{name}: {error}")
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
