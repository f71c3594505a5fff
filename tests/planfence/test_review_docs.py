"""What docs/review.md shows is what the command does."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from planfence.render.markdown import BYTES_MAX, marker
from planfence.report import LOOK_FIRST_FROM, LOOK_FIRST_MAX
from tests.planfence.project import STREAM

PAGE = (Path(__file__).parents[2] / "docs/review.md").read_text(encoding="utf-8")
GH = """#!/bin/sh
case "$*" in
  *--paginate*) printf '%s' "$EXISTING" ;;
  *) printf '%s\\n' "$*" ;;
esac
"""


def steps() -> list[dict[str, str]]:
    block = PAGE.partition("```yaml\n")[2].partition("```")[0]
    found: list[dict[str, str]] = yaml.safe_load(block)["jobs"]["plan"]["steps"]
    return found


def test_the_page_has_the_limits_and_the_marker_of_the_code() -> None:
    assert f"{BYTES_MAX:,} bytes" in PAGE
    assert f"more than {LOOK_FIRST_FROM} changes" in PAGE
    assert f"at most {LOOK_FIRST_MAX} of" in PAGE
    assert marker(STREAM) in steps()[-1]["run"]


@pytest.mark.parametrize(
    ("existing", "sent"),
    [
        ("", "api -X POST repos/o/r/issues/3/comments -F body=@{body}\n"),
        ("77\n78\n", "api -X PATCH repos/o/r/issues/comments/77 -F body=@{body}\n"),
    ],
    ids=["first", "again"],
)
def test_the_job_writes_one_comment_and_then_updates_it(
    existing: str, sent: str, tmp_path: Path
) -> None:
    program = tmp_path / "gh"
    program.write_text(GH)
    program.chmod(0o755)
    body = tmp_path / "plan.md"
    body.write_text("x")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", steps()[-1]["run"]],
        env={
            "PATH": f"{tmp_path}:{os.environ['PATH']}",
            "RUNNER_TEMP": str(tmp_path),
            "COMMENTS": "repos/o/r/issues",
            "PULL": "3",
            "EXISTING": existing,
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == sent.format(body=body)
