"""What a health file may say, and that anything else is refused and not shown."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from planner.health import Seen
from planner.health_file import LINE_MAX, read_health
from plans.errors import Refused


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("healthy\n", Seen(True, "healthy")),
        ("unhealthy", Seen(False, "unhealthy")),
        ("unhealthy\r\n", Seen(False, "unhealthy")),
        ("unhealthy: maintenance until 17:00\n", Seen(False, "maintenance until 17:00")),
        ("healthy :  since noon  \n", Seen(True, "since noon")),
        ("unhealthy:\n", Seen(False, "unhealthy")),
        ("unhealthy: größer als erwartet\n", Seen(False, "größer als erwartet")),
        (f"unhealthy:{'x' * (LINE_MAX - 10)}", Seen(False, "x" * (LINE_MAX - 10))),
    ],
)
def test_one_line_says_it_and_why(text: str, seen: Seen, tmp_path: Path) -> None:
    path = tmp_path / "a.health"
    path.write_bytes(text.encode())
    assert read_health(path) == seen


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"HEALTHY\n",
        b"healthy unhealthy\n",
        b"unhealthyish\n",
        b"healthy\nunhealthy\n",
        b"healthy\n\n",
        b"\nhealthy\n",
        b" healthy\n",
        b"secret of the house\n",
        b"unhealthy: a\x1b[2Jb\n",
        b"unhealthy: a\rb\n",
        b"unhealthy: \xff\n",
        b"unhealthy:" + b"x" * (LINE_MAX - 9),
    ],
)
def test_anything_else_is_refused_and_not_repeated(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.health"
    path.write_bytes(data)
    with pytest.raises(Refused, match="neither healthy nor unhealthy") as caught:
        read_health(path)
    assert (caught.value.rule, caught.value.actual) == ("health-file", "something else")
    assert "secret" not in str(caught.value)


def test_a_missing_file_is_refused_and_no_bad_member(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="No such file") as caught:
        read_health(tmp_path / "gone")
    assert caught.value.rule == "health-file"


def test_a_path_that_no_file_can_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="health-file"):
        read_health(tmp_path / "a\0b")


def test_a_folder_or_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(Refused, match="no regular file"):
            read_health(path)
