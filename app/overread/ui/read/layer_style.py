"""How marks of several systems are told apart: by shape and by colour, and by the letter beside them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QPainter, QPolygonF

from overread.ui import theme

RING, SQUARE, HEXAGON, TRIANGLE = "ring", "square", "hexagon", "triangle"
_CORNERS = {SQUARE: (4, 45.0), HEXAGON: (6, 0.0), TRIANGLE: (3, -90.0)}
_SHAPES = (RING, SQUARE, HEXAGON, TRIANGLE)
_COLOURS = (theme.IMAGE_ACCENT, "#f0a04b", "#7ad18f", "#c3a5ff", "#f0e442", "#ff8a65")
"""Kept apart for the usual forms of colour blindness (after Okabe and Ito), and bright on grey."""


@dataclass(frozen=True, slots=True)
class LayerStyle:
    """Shape and colour of one system's marks."""

    shape: str
    colour: str

    @property
    def words(self) -> str:
        """The shape, as a tool tip names it."""
        return self.shape


def style_of(rank: int) -> LayerStyle:
    """The style of the system with this place among the letters; twelve before a pair comes again."""
    return LayerStyle(_SHAPES[rank % len(_SHAPES)], _COLOURS[rank % len(_COLOURS)])


def draw_shape(painter: QPainter, style: LayerStyle, x: float, y: float, radius: float) -> None:
    """The outline of a style's shape around a point, in the painter's pen; its sides touch a circle of this radius."""
    if style.shape == RING:
        painter.drawEllipse(QPointF(x, y), radius, radius)
        return
    count, first = _CORNERS[style.shape]
    reach = radius / math.cos(math.pi / count) if style.shape != TRIANGLE else radius * 1.6
    angles = [math.radians(first + 360 / count * n) for n in range(count)]
    painter.drawPolygon(QPolygonF([QPointF(x + reach * math.cos(a), y + reach * math.sin(a)) for a in angles]))


def ink(style: LayerStyle) -> QColor:
    """Its colour on an image."""
    return QColor(style.colour)
