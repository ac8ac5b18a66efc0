from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import pytest

from beam_ingest.api.annotations import classes_in

TIMES = Annotated[dict[str, int], "not negative"]


@pytest.mark.parametrize(
    ("annotation", "classes"),
    [
        (int, [int]),
        (int | None, [int, type(None)]),
        (list[str] | None, [list, str, type(None)]),
        (Mapping[str, Any], [Mapping, str, Any]),
        (TIMES | bool, [dict, str, int, bool]),
        (list[TIMES], [list, dict, str, int]),
        (Literal["a", "b"], ["a", "b"]),
    ],
)
def test_every_class_of_an_annotation_comes_once_for_each_place(
    annotation: Any, classes: list[Any]
) -> None:
    assert list(classes_in(annotation)) == classes
