"""A file of a Debian package, which need not be installed."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.servers.missing import missing


def file_of(package: str, path: str) -> str:
    """The text of ``path`` as ``package`` has it: from this machine, or from its archive."""
    installed = Path(path)
    if installed.is_file():
        return installed.read_text(encoding="utf-8")
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        missing(f"{package}, and no Debian to get it from,", package)
    with tempfile.TemporaryDirectory(prefix="beam-ingest-deb-") as name:
        folder = Path(name)
        folder.chmod(0o777)  # apt-get gives up root's rights for the download
        found = subprocess.run(
            ["apt-get", "download", "-q", package], cwd=folder, capture_output=True, check=False
        )
        archives = list(folder.glob("*.deb"))
        if found.returncode != 0 or not archives:
            missing(package, package)
        subprocess.run(["dpkg-deb", "-x", archives[0], folder / "files"], check=True)
        return (folder / "files" / path.lstrip("/")).read_text(encoding="utf-8")
