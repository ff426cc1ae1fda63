"""A reliability plot as SVG: how often values of a confidence are right, and how many there are. Plain numbers in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

JSON = dict[str, Any]
_LEFT, _TOP, _SIDE, _LOW = 42, 10, 260, 40  # of the square, and the room below it


def reliability_plot(bins: Sequence[JSON], title: str) -> str:
    """`bins` as `metrics.Reliability.as_json` gives them; `title` is written, so it has to be escaped already."""
    most = max((one["count"] for one in bins), default=1)
    bars = "".join(_bar(one, most) for one in bins)
    points = [(_x(one["confidence"]), _y(one["accuracy"]), one) for one in bins]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in points)
    dots = "".join(_dot(x, y, one) for x, y, one in points)
    ticks = "".join(_tick(part / 5) for part in range(6))
    right, bottom = _LEFT + _SIDE, _TOP + _SIDE
    return (
        f'<svg viewBox="0 0 {right + 12} {bottom + _LOW}" role="img" aria-label="{title}">'
        f'<rect class="axis" x="{_LEFT}" y="{_TOP}" width="{_SIDE}" height="{_SIDE}"/>{bars}'
        f'<line class="even" x1="{_LEFT}" y1="{bottom}" x2="{right}" y2="{_TOP}"/>{ticks}'
        f'<polyline class="path" points="{path}"/>{dots}'
        f'<text x="{_LEFT + _SIDE / 2}" y="{bottom + 33}" text-anchor="middle">confidence</text>'
        f'<text transform="translate(11 {_TOP + _SIDE / 2}) rotate(-90)" text-anchor="middle">share right</text>'
        "</svg>"
    )


def _x(share: float) -> float:
    return _LEFT + share * _SIDE


def _y(share: float) -> float:
    return _TOP + (1 - share) * _SIDE


def _bar(one: JSON, most: int) -> str:
    """How many there are, beside the fullest bin, in the lower half."""
    high = one["count"] / most * _SIDE / 2
    wide = (one["high"] - one["low"]) * _SIDE - 2
    left, top = _x(one["low"]) + 1, _y(0) - high
    return f'<rect class="bar" x="{left:.1f}" y="{top:.1f}" width="{wide:.1f}" height="{high:.1f}"/>'


def _dot(x: float, y: float, one: JSON) -> str:
    label = f"{one['count']} of confidence {one['confidence']:.2f}: {100 * one['accuracy']:.0f}% right"
    return f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="3.5"><title>{label}</title></circle>'


def _tick(share: float) -> str:
    return (
        f'<text x="{_x(share):.1f}" y="{_y(0) + 16:.1f}" text-anchor="middle">{share:.1f}</text>'
        f'<text x="{_LEFT - 6}" y="{_y(share) + 4:.1f}" text-anchor="end">{share:.1f}</text>'
    )
