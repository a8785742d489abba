"""How the property tests run: the same examples every time, without a clock and without a database of failures."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

PURE = settings(
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
FEW = settings(PURE, max_examples=40)
"""For properties of which an example costs milliseconds."""
