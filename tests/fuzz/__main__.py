"""Fuzz one target: `python -m tests.fuzz TARGET [option of libFuzzer …] [corpus …]`; `make fuzz` does all in turn.

New finds go to the first corpus that is named. What they add is put into the one that the tests replay with
`python -m tests.fuzz TARGET -merge=1 tests/corpus/TARGET .fuzz/TARGET`. What breaks a property is written to a file,
and belongs there as well once it is mended.
"""

from __future__ import annotations

import shlex
import sys

import atheris

with atheris.instrument_imports(include=["tcp_core", "web_gateway", "proxyprotocol"]):
    from tests.properties import TARGETS


def main() -> None:
    """Fuzz the target that the command line names."""
    target = sys.argv.pop(1) if len(sys.argv) > 1 else ""
    if target not in TARGETS:
        sys.exit(f"which target? one of: {', '.join(TARGETS)}")
    sys.argv[0] = shlex.join((sys.executable, "-m", "tests.fuzz", target))  # libFuzzer runs it again, with sh, to merge
    atheris.Setup(sys.argv, TARGETS[target])
    atheris.Fuzz()


main()
