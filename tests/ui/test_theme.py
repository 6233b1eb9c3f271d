"""Text of the theme can be read: contrast after WCAG 2, relative luminance of sRGB."""

import pytest
from PySide6.QtGui import QColor

from overread.ui import theme


def _luminance(colour):
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in QColor(colour).getRgbF()[:3]]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


@pytest.mark.parametrize("ground", [theme.BACKGROUND, theme.PANEL, theme.RAISED])
@pytest.mark.parametrize("ink", [theme.TEXT, theme.QUIET, theme.ACCENT, theme.WARNING])
def test_text_has_a_contrast_of_four_and_a_half(ink, ground):
    light, dark = sorted((_luminance(ink), _luminance(ground)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_white_on_the_accent_can_be_read():
    assert 1.05 / (_luminance(theme.ACCENT_DARK) + 0.05) >= 4.5


@pytest.mark.parametrize("name", ["open", "fit", "reset", "text", "invert", "overlay", "help", "window", "warning"])
def test_every_icon_draws_something(qapp, name):
    image = theme.icon(name).pixmap(36, 36).toImage()
    assert any(image.pixelColor(x, y).alpha() for x in range(36) for y in range(36))
