"""What the annotation of a model's field is made of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin


def classes_in(annotation: Any) -> Iterator[Any]:
    """The classes in it: of ``Annotated[list[Secret], …] | None`` list, Secret and None's type.

    ``Any`` and the values of a ``Literal`` come as they are.
    """
    arguments = get_args(annotation)
    if get_origin(annotation) is Annotated:
        arguments = arguments[:1]  # the others say something of it
    elif not arguments:
        yield annotation
    elif isinstance(origin := getattr(annotation, "__origin__", None), type):  # a union has none
        yield origin
    for argument in arguments:
        yield from classes_in(argument)
