"""The errors that a component raises, and what the framework does with each.

=================== =========================================================
raised              what happens
=================== =========================================================
``TransientError``  tried again with back-off (``retry_after`` seconds where the
                    server said so); what is given up on fails the record or split
``RecordError``     this record only becomes a dead letter
``FatalError``      the run stops: a wrong password, a wrong URL; exit code 3
``Drop``            not an error: the record is counted as filtered
anything else       in ``Processor.process``: that record's dead letter;
                    in ``Sink.write``: the batch is bisected; in ``Source.read``:
                    the split has failed
=================== =========================================================
"""

from __future__ import annotations


class IngestError(Exception):
    """Base of every error that is meant for the reader.

    ``message`` says what happened and where; ``hint`` says what to do about it.
    Neither may hold a secret: both go into logs, reports and dead letters.
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.message, self.__dict__.copy())


class TransientError(IngestError):
    """Trying again may help: a lost connection, a 503, a lock conflict.

    ``retry_after`` is in seconds; without it the framework backs off by itself.
    """

    def __init__(
        self, message: str, *, retry_after: float | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class RecordError(IngestError):
    """This record cannot be handled; the others can."""


class FatalError(IngestError):
    """No record can be handled: stop the run (wrong password, wrong URL)."""


class Drop(Exception):
    """Raised by a processor: leave this record out, and count it as filtered."""

    def __init__(self, why: str = "") -> None:
        super().__init__(why)
        self.why = why


class RetireRefused(IngestError):
    """More of a scope would be retired than ``beam.retire.maxShare`` allows."""


class NotComplete(IngestError):
    """What a run has published is not all there: nothing is made visible, the run has failed."""


class CannotStart(IngestError):
    """What was asked for cannot be run: a usage error, before anything was written."""


class LeftRunning(IngestError):
    """The launcher ends by a signal, and leaves the run's job on its engine.

    ``exit_code`` is the signal's.
    """

    exit_code = 130


class MissingDependency(IngestError):
    """A connector's library is not installed; the hint is the command to run."""


class UnknownComponent(IngestError):
    """No component of that kind and type; the hint names the nearest ones."""


def _rebuild(cls: type[IngestError], message: str, state: dict[str, object]) -> IngestError:
    error = cls.__new__(cls)
    Exception.__init__(error, message)
    error.__dict__.update(state)
    return error
