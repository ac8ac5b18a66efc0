"""Files put in place whole: hard links where they can be, copies by the kernel otherwise."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

_BLOCK = 1 << 20
_KERNEL_COPY = 16 << 20
_NO_KERNEL_COPY = {errno.EXDEV, errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM}
_NO_LINK = {
    errno.EXDEV, errno.EPERM, errno.EACCES, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK,
    errno.ENOENT,
}  # fmt: skip


def put(
    source: str | Path,
    target: Path,
    temporary: Path,
    *,
    opener: Callable[[], BinaryIO] | None = None,
) -> None:
    """Make ``target`` hold what ``source`` holds, replacing it at once.

    A hard link where the file system can, so ``source`` must be a file that is never written
    again; a copy otherwise, read with ``opener`` where ``source`` is no local path.
    ``temporary`` is a path on the file system of ``target`` that nobody else uses.
    """
    temporary.unlink(missing_ok=True)  # not written through: it may link to a staged file
    try:
        temporary.hardlink_to(source)
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        with _reader(source, opener) as read, temporary.open("xb") as written:
            shutil.copyfileobj(read, written, _BLOCK)
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(target)
    # rename(2) does nothing where both names are links to one file already.
    temporary.unlink(missing_ok=True)


def concatenate(sources: Iterable[Path], target: Path) -> None:
    """Write the bytes of ``sources`` one after the other into the file ``target``; synced."""
    target.unlink(missing_ok=True)
    with target.open("xb", buffering=0) as written:
        for source in sources:
            with source.open("rb", buffering=0) as read:
                _copy(read.fileno(), written.fileno())
        os.fsync(written.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until the names in ``folder`` are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a file system without that: the rename itself holds
            raise
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make ``folder`` and what is missing above it; their names are on the disk then."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    try:
        folder.mkdir(exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder)) from None
    sync_folder(folder.parent)


def remove_tree(folder: Path) -> None:
    """Remove ``folder`` and all in it, if there is one; another process may do the same."""
    with contextlib.suppress(FileNotFoundError):  # gone already, which is what is wanted
        shutil.rmtree(folder)


def _reader(source: str | Path, opener: Callable[[], BinaryIO] | None) -> BinaryIO:
    return opener() if opener else Path(source).open("rb")


def _copy(read: int, written: int) -> None:
    # Both calls go on from the descriptors' own positions, so the second may take over.
    if hasattr(os, "copy_file_range"):
        try:
            done = 0
            while count := os.copy_file_range(read, written, _KERNEL_COPY):
                _forget(read, done, count)
                # Of pages that are not on the disk yet it starts the writing, and keeps them.
                _forget(written, os.lseek(written, 0, os.SEEK_CUR) - count, count)
                done += count
        except OSError as error:
            if error.errno not in _NO_KERNEL_COPY:
                raise
        else:
            return
    while block := os.read(read, _BLOCK):
        view = memoryview(block)
        while view:
            view = view[os.write(written, view) :]


def _forget(descriptor: int, start: int, count: int) -> None:
    # What was copied is not read again. Its pages in memory take what is copied next: a machine
    # that has to find new ones for a large file takes ten times as long.
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(descriptor, start, count, os.POSIX_FADV_DONTNEED)
