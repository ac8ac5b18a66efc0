"""A wheel from files that lie here: what a worker installs to have the same code."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same files give the same wheel


def write_wheel(
    folder: Path,
    name: str,
    version: str,
    files: Mapping[str, Path],
    information: Mapping[str, str],
) -> Path:
    """``NAME-VERSION-py3-none-any.whl`` in ``folder``.

    ``files`` are by their path in the wheel; ``information`` is what else goes into its
    ``dist-info``, ``METADATA`` at least.
    """
    told = f"{name}-{version}.dist-info"
    content = {path: source.read_bytes() for path, source in sorted(files.items())}
    content |= {f"{told}/{key}": text.encode() for key, text in information.items()}
    content[f"{told}/WHEEL"] = (
        b"Wheel-Version: 1.0\nGenerator: beam-ingest\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    record = [f"{path},{_digest(data)},{len(data)}" for path, data in content.items()]
    content[f"{told}/RECORD"] = "\n".join([*record, f"{told}/RECORD,,", ""]).encode()
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in content.items():
            entry = zipfile.ZipInfo(path, _EPOCH)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED)
    return wheel


def digest_of(files: Iterable[Path]) -> str:
    """A short number that changes with what is in the files."""
    total = hashlib.sha256()
    for file in files:
        total.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return str(int(total.hexdigest()[:8], 16))


def _digest(data: bytes) -> str:
    value = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"sha256={value}"
