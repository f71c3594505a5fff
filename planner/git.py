"""What git says about a file's work tree: its commit, and how two commits stand to each other.

Read-only. Every answer that git cannot give for certain is ``unknown``, which the review marks and
which needs an approval: in a shallow clone "not an ancestor" only means "not among the commits that
were fetched".
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from plans.errors import Unavailable
from plans.plan import Ancestry

_TIMEOUT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Checkout:
    """A work tree at one commit; ``committed`` is the file's SHA-256 in it, if it is there."""

    commit: str
    committed: str | None


def checkout_of(path: Path) -> Checkout | None:
    """The commit of the work tree that a file lies in, or None outside git.

    Raises:
        Unavailable: there is a repository, but git cannot read it: its commit would be lost, and
            with it the guard against old files.
    """
    folder = path.resolve().parent
    if not any((parent / ".git").exists() for parent in (folder, *folder.parents)):
        return None
    inside = _git(folder, "rev-parse", "--is-inside-work-tree")
    if inside.returncode != 0:
        reason = inside.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
        raise Unavailable(
            f"git cannot read the repository of {path}: {reason[0]}",
            rule="git-unavailable",
            remedy="mend the repository or its ownership, so that the plan can carry its commit",
        )
    head = _git(folder, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if head.returncode != 0:
        return None  # a repository without a commit says nothing about order
    commit = head.stdout.decode().strip()
    return Checkout(commit, committed_digest(path, commit))


def committed_digest(path: Path, commit: str) -> str | None:
    """The SHA-256 of a file in a commit of the work tree that it lies in; None if it is not there.

    Raises:
        Unavailable: git did not answer.
    """
    shown = _git(path.resolve().parent, "show", f"{commit}:./{path.name}")
    return hashlib.sha256(shown.stdout).hexdigest() if shown.returncode == 0 else None


def relate(folder: Path, source: str, commit: str) -> Ancestry:
    """How ``commit`` stands to ``source``: same, newer, older, unrelated or unknown."""
    if source == commit:
        return "same"
    newer = _git(folder, "merge-base", "--is-ancestor", source, commit).returncode
    if newer == 0:
        return "newer"
    older = _git(folder, "merge-base", "--is-ancestor", commit, source).returncode
    if older == 0:
        return "older"
    shallow = _git(folder, "rev-parse", "--is-shallow-repository").stdout.strip() != b"false"
    if newer != 1 or older != 1 or shallow:
        return "unknown"
    return "unrelated"


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("GIT_")
    } | {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}
    try:
        return subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            check=False,
            env=environment,
            timeout=_TIMEOUT_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(
            f"git did not answer: {error}",
            rule="git-unavailable",
            remedy="install git: the plan must carry the commit of its desired state",
        ) from error
