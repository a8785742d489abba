"""Two panels: what a message costs against readers, and memory against connections. Knows nothing about measuring."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure as Picture

from benchmarks.dialect import DoorName
from benchmarks.figures import MEMORY, MESSAGE_COST, Figures, Quantity

_CASE = "scaling"
_LOOKS: dict[DoorName, tuple[str, str, str]] = {
    "text": ("nc", "#1f6f8b", "o"),
    "web": ("browsers, core and gateway together", "#d1603d", "s"),
}
_SCALES = {MESSAGE_COST: 0.001, MEMORY: 1.0}


def draw(figures: Figures, file: Path) -> None:
    """Write the chart as SVG.

    :raises ValueError: what it shows was not measured.
    """
    mpl.rcParams.update({"svg.hashsalt": "parley", "svg.fonttype": "none", "font.family": "sans-serif"})
    picture = Picture(figsize=(9, 3.6), layout="constrained")
    for panel, (quantity, title, scale_name) in enumerate((
        (MESSAGE_COST, "Processor time for a message, ms", "readers"),
        (MEMORY, "Memory of the servers, MiB", "connections"),
    )):  # fmt: skip
        axes = picture.add_subplot(1, 2, panel + 1)
        for door, (label, color, marker) in _LOOKS.items():
            places, values = _points(figures, quantity, door)
            axes.plot(places, [value * _SCALES[quantity] for value in values], marker, ls="-", color=color, label=label)
        axes.set_title(title, fontsize=11, loc="left")
        axes.set_xlabel(scale_name)
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
        axes.grid(color="#dddddd", linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        if not panel:
            axes.legend(frameon=False)
    file.parent.mkdir(parents=True, exist_ok=True)
    picture.savefig(file, format="svg", metadata={"Date": None})


def _points(figures: Figures, quantity: Quantity, door: DoorName) -> tuple[list[int], list[float]]:
    """Return numbers of clients, and the medians there."""
    found = {
        figure.clients: value
        for figure in figures
        if figure.case == _CASE and figure.quantity == quantity and (value := figure.median(door)) is not None
    }
    if not found:
        raise ValueError(f"nothing was measured of the case {_CASE}, {door}")
    return list(found), list(found.values())
