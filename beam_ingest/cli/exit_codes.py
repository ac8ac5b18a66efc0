"""What the exit code of ``beam-ingest`` says."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes. The two last are a shell's: 128 and the number of the signal."""

    SUCCESS = 0
    """Everything worked, or failed within a written ``successThreshold``."""
    FAILED = 1
    """Records, splits or files failed."""
    USAGE = 2
    """The command line or the workflow is wrong; nothing was run."""
    CANNOT_CONNECT = 3
    """A system cannot be reached, or refuses the credentials."""
    DEFECT = 4
    """A defect of beam_ingest."""
    INTERRUPTED = 130
    """Ctrl-C."""
    TERMINATED = 143
    """SIGTERM."""
