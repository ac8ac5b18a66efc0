"""The Java of this machine: which one is new enough for a server."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path


@cache
def java(at_least: int, at_most: int = 1000) -> Path | None:
    """The program ``java`` of the oldest JDK or JRE that is new enough (and not too new), or None.

    Looked for are JAVA_HOME, the PATH and where Debian and Temurin put theirs.
    """
    places = [Path(os.environ["JAVA_HOME"], "bin", "java")] if os.environ.get("JAVA_HOME") else []
    places += [Path(on_path)] if (on_path := shutil.which("java")) else []
    places += sorted(Path("/usr/lib/jvm").glob("*/bin/java"))
    found = [(_version(path), path) for path in places]
    fitting = [(version, path) for version, path in found if at_least <= version <= at_most]
    return min(fitting)[1] if fitting else None


def _version(program: Path) -> int:
    if not os.access(program, os.X_OK):
        return 0
    told = subprocess.run([program, "-version"], capture_output=True, text=True, check=False)
    found = re.search(r'version "(\d+)', told.stderr)
    return int(found.group(1)) if found else 0
