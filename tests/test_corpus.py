"""What the fuzzer has found worth keeping is replayed: every file of tests/corpus/TARGET against that target."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.properties import TARGETS

CORPUS = Path(__file__).parent / "corpus"


@pytest.mark.parametrize("target", TARGETS)
def test_no_file_of_the_corpus_breaks_a_property(target: str) -> None:
    files = sorted((CORPUS / target).iterdir())
    assert files
    for file in files:
        try:
            TARGETS[target](file.read_bytes())
        except Exception as error:
            raise AssertionError(f"{file} breaks a property of {target}") from error


def test_every_corpus_has_a_target_and_stays_small() -> None:
    assert {directory.name for directory in CORPUS.iterdir()} == TARGETS.keys()
    assert sum(file.stat().st_size for file in CORPUS.rglob("*") if file.is_file()) < 1_000_000
