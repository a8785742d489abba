"""`python -m benchmarks`: the options, and the order of things. Knows nothing about what is measured."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from benchmarks import bare
from benchmarks.bench import Bench, Settings
from benchmarks.cases import CASES
from benchmarks.crowd import allow_many_files

_QUICK = Settings(runs=1, seconds=1.0, divisor=10)
_CHARTED = "scaling"
_FILE = click.Path(path_type=Path, dir_okay=False)
_HELP = {"help_option_names": ["-h", "--help"]}


@click.command(context_settings=_HELP)
@click.option("--runs", type=click.IntRange(min=1), help="Runs that each number is the median of.  [default: 3]")
@click.option("--case", "names", type=click.Choice(list(CASES)), multiple=True,
              help="Only this one; can be given several times.")  # fmt: skip
@click.option("--quick", is_flag=True, help="A tenth of the clients, one run of a second: to see that it works.")
@click.option("--json", "json_file", type=_FILE, help="Write all numbers of all runs there, too.")
@click.option("--chart", "chart_file", type=_FILE, help="Draw the case `scaling` there, as SVG; needs matplotlib.")
@click.option("--list", "listing", is_flag=True, help="List the cases.")
def main(
    runs: int | None,
    names: tuple[str, ...],
    quick: bool,
    json_file: Path | None,
    chart_file: Path | None,
    listing: bool,
) -> None:
    """Measure Parley's core and gateway beside a plain broadcast server, on this machine, over loopback.

    It ends with 1 if anything that should have been read was not, or did not come in time.
    """
    if listing:
        for name, case in CASES.items():
            click.echo(f"{name:14}{case.title}{'' if case.by_default else '  (only by --case)'}")
        return
    if chart_file:
        if names and _CHARTED not in names:
            raise click.UsageError(f"--chart needs --case {_CHARTED}")
        from benchmarks.chart import draw  # it is the only one that needs matplotlib
    usual = _QUICK if quick else Settings()
    bench = Bench(Settings(runs or usual.runs, usual.seconds, usual.divisor))
    figures = bench.figures
    allow_many_files()
    click.echo("bare sends", err=True)
    figures.bare += [bare.measure(bench.settings.seconds) for _ in bench.runs]
    for name, case in CASES.items():
        if name in names or (not names and case.by_default):
            bench.case = name
            case.run(bench)
    click.echo(figures.table({name: case.title for name, case in CASES.items()}))
    if json_file:
        json_file.write_text(figures.as_json(), encoding="utf-8")
    if chart_file:
        try:
            draw(figures, chart_file)
        except ValueError as error:
            figures.failures.append(f"no chart: {error}")
    for failure in figures.failures:
        click.echo(f"FAILED: {failure}", err=True)
    sys.exit(1 if figures.failures else 0)


if __name__ == "__main__":
    main()
