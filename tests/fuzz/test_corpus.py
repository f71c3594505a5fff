"""The committed corpus holds, and so does what a fuzzer finds from it in a moment.

``make fuzz`` looks longer.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from tests.fuzz.__main__ import fuzzed, runs
from tests.fuzz.corpora import CORPUS, inputs
from tests.fuzz.targets import TARGETS

# From one seed, so that the same inputs are tried in every run; about a second for each target.
RUNS = {
    "plan": 400,
    "stored": 1_200,
    "given": 150,
    "zone": 800,
    "pools": 300,
    "zonefile": 800,
    "fence": 8_000,
    "wire": 3_000,
    "page": 6_000,
}
SECONDS_MAX = 120
CORPUS_BYTES_MAX = 200_000

EVERY_INPUT = [(name, path) for name in TARGETS for path in inputs(name)]


@pytest.mark.parametrize(
    ("name", "path"), EVERY_INPUT, ids=lambda part: part.name if isinstance(part, Path) else part
)
def test_an_input_of_the_corpus_is_read_whole_or_refused(name: str, path: Path) -> None:
    TARGETS[name](path.read_bytes())


def test_the_corpus_is_small_and_belongs_to_targets() -> None:
    assert {folder.name for folder in CORPUS.iterdir()} == set(TARGETS) == set(RUNS)
    assert sum(path.stat().st_size for _, path in EVERY_INPUT) < CORPUS_BYTES_MAX


# Where atheris has no wheel, the corpus above is all that is tried: no test is skipped.
FUZZED = list(RUNS) if importlib.util.find_spec("atheris") else []


@pytest.mark.parametrize("name", FUZZED)
def test_a_moment_of_fuzzing_finds_nothing(name: str, tmp_path: Path) -> None:
    held, said = fuzzed(name, tmp_path, SECONDS_MAX, "-seed=1", f"-runs={RUNS[name]}")
    assert held, said
    assert runs(said) >= RUNS[name]
