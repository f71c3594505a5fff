"""The committed inputs, and how one says which document it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

CORPUS: Final = Path(__file__).parent / "corpus"
HEADED: Final = frozenset({"stored"})  # its inputs begin with a line that names the document
BY_SCHEMA: Final = {
    f"planfence/{name}/v1": name for name in ("plan", "zone", "health", "entry", "tombstone")
}
STORED: Final = (
    *("zone", "health", "entry", "tombstone", "pointer", "settings", "approval", "rejection"),
    *("hold", "lease", "mark", "mirror", "pin"),
)


def inputs(target: str) -> list[Path]:
    """The committed corpus of a target."""
    return sorted((CORPUS / target).iterdir())


def split(data: bytes) -> tuple[str, bytes]:
    """The document that the first line names, and the rest; a zone where it names none."""
    line, found, body = data.partition(b"\n")
    name = line.decode(errors="replace")
    return (name, body) if found and name in STORED else ("zone", data)


def name_of(value: Any) -> str:
    """The document that a value says it is; a plan where it does not."""
    said = value.get("schema") if isinstance(value, dict) else None
    return BY_SCHEMA.get(said, "plan") if isinstance(said, str) else "plan"
