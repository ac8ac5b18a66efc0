"""A disk that forgets, when the power fails, what was not synced.

It knows of the folders it watches what ``fsync`` has made durable: of a file the bytes it had when
it was synced last, of a folder the names that were in it when it was. ``cut`` puts the folders
back to that: a name that was not synced is gone (or back, where its removal was not synced), a
file that was never synced is empty.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class _Node:
    """A file's durable bytes, or a folder's durable names."""

    is_folder: bool
    data: bytes = b""
    names: dict[str, _Node] = field(default_factory=dict)
    held: int = -1
    """An open descriptor: the number of an inode is not given to another while one is open."""


class ForgetfulDisk:
    """What is durable of ``folders``, whose parents are as they are."""

    def __init__(self, *folders: Path) -> None:
        self._folders = folders
        self._nodes: dict[tuple[int, int], _Node] = {}
        self._roots: dict[Path, _Node | None] = dict.fromkeys(folders)

    def synced(self, descriptor: int) -> None:
        """``fsync`` of ``descriptor`` has returned."""
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        if any(folder == path or folder in path.parents for folder in self._folders):
            node = self._node(descriptor)
            if node.is_folder:
                node.names = self._names(path)
            else:
                node.data = _bytes_of(descriptor)
        for folder in self._folders:
            if path == folder.parent and folder.exists():
                self._roots[folder] = self._of(folder)

    def cut(self) -> None:
        """The power fails: the folders hold what is durable, and nothing else.

        Whoever has written there is dead.
        """
        for folder, node in self._roots.items():
            if folder.exists():
                shutil.rmtree(folder)
            if node is not None:
                self._restore(folder, node, {})

    def close(self) -> None:
        """Forget all; the folders stay as they are."""
        for node in self._nodes.values():
            os.close(node.held)
        self._nodes.clear()
        self._roots.clear()

    def _names(self, folder: Path) -> dict[str, _Node]:
        names = {}
        for entry in os.scandir(folder):
            with contextlib.suppress(FileNotFoundError):  # another process has just removed it
                names[entry.name] = self._of(Path(entry.path))
        return names

    def _of(self, path: Path) -> _Node:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            return self._node(descriptor)
        finally:
            os.close(descriptor)

    def _node(self, descriptor: int) -> _Node:
        status = os.fstat(descriptor)
        key = status.st_dev, status.st_ino
        if key not in self._nodes:
            node = _Node(stat.S_ISDIR(status.st_mode), held=os.dup(descriptor))
            self._nodes[key] = node
        return self._nodes[key]

    def _restore(self, path: Path, node: _Node, made: dict[int, Path]) -> None:
        if node.is_folder:
            path.mkdir(mode=0o700)
            for name, inner in node.names.items():
                self._restore(path / name, inner, made)
        elif id(node) in made:
            os.link(made[id(node)], path)
        else:
            path.write_bytes(node.data)
            made[id(node)] = path


def _bytes_of(descriptor: int) -> bytes:
    # By way of /proc, since the descriptor may be open for writing only, and the name gone.
    return Path(f"/proc/self/fd/{descriptor}").read_bytes()
