"""The themes can be read, and change while the window stands."""

import re

import pytest
from PySide6.QtGui import QColor, QIcon
from PySide6.QtWidgets import QLabel

from overread.core.places import resources
from overread.ui import theme
from overread.ui.settings import TEXT_SCALES
from overread.ui.settings import THEMES as NAMES
from overread.ui.style_sheet import STYLE


@pytest.fixture
def dressed(qapp):
    yield qapp
    theme.apply(qapp)


def _ink(name, state=QIcon.State.Off):
    """Lightness of the strongest pixels of an icon."""
    image = theme.icon(name).pixmap(36, 36, QIcon.Mode.Normal, state).toImage()
    inked = [image.pixelColor(x, y) for x in range(36) for y in range(36) if image.pixelColor(x, y).alpha() > 200]
    return [colour.lightness() for colour in inked]


def _contrast(ink, ground):
    """WCAG 2.2, from the 8-bit values, as written there."""
    both = []
    for colour in (ink, ground):
        total = 0.0
        for at, share in ((1, 0.2126), (3, 0.7152), (5, 0.0722)):
            value = int(colour[at : at + 2], 16) / 255
            total += share * (value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4)
        both.append(total + 0.05)
    return max(both) / min(both)


@pytest.mark.parametrize("name", theme.THEMES)
def test_every_ink_can_be_read_on_every_ground_it_is_drawn_on(name):
    short = [pair for pair in theme.THEMES[name].pairs() if _contrast(pair[0], pair[1]) < pair[2]]
    assert short == []


@pytest.mark.parametrize("name", theme.THEMES)
def test_pairs_hold_every_colour_of_the_theme_but_its_lines(name):
    colours = theme.THEMES[name]
    paired = {colour for ink, ground, _least in colours.pairs() for colour in (ink, ground)}
    values = {field: getattr(colours, field) for field in STYLE_COLOURS}
    assert {field for field, value in values.items() if value not in paired} == {"border"}


STYLE_COLOURS = sorted(set(re.findall(r"\$([a-z_]+)", STYLE)) - {"down", "check", "dot"})


def test_inks_on_the_image_can_be_read_on_black():
    for ink in (theme.IMAGE_TEXT, theme.IMAGE_QUIET, theme.IMAGE_ACCENT):
        assert _contrast(ink, theme.IMAGE_SURROUND) >= theme.READABLE


def test_black_on_white_has_a_contrast_of_21():
    assert _contrast("#000000", "#ffffff") == pytest.approx(21)


def test_settings_and_theme_know_the_same_names():
    assert set(NAMES) == set(theme.THEMES)


def test_dim_theme_is_darker_than_the_dark_one():
    dark, dim = theme.THEMES["dark"], theme.THEMES["dim"]
    for field in STYLE_COLOURS:
        assert QColor(getattr(dim, field)).lightness() <= QColor(getattr(dark, field)).lightness(), field


@pytest.mark.parametrize("name", theme.THEMES)
def test_every_picture_of_a_theme_is_there(name):
    ending = theme.THEMES[name].pictures
    assert all((resources() / "icons" / f"{part}{ending}.svg").is_file() for part in ("down", "check", "dot"))


@pytest.mark.parametrize("name", theme.THEMES)
def test_theme_is_seen_on_a_widget_that_stands(dressed, qtbot, name):
    shown = QLabel("words")
    shown.setProperty("quiet", True)
    qtbot.addWidget(shown)
    shown.show()
    theme.apply(dressed, name)
    assert theme.THEMES[name].quiet == theme.QUIET
    assert shown.palette().color(shown.foregroundRole()).name() == theme.THEMES[name].quiet


@pytest.mark.parametrize("scale", TEXT_SCALES)
def test_text_scale_reaches_plain_and_own_fonts_and_goes_back(dressed, qtbot, scale):
    theme.apply(dressed)
    plain, own = QLabel("plain"), QLabel("own")
    own.setFont(theme.scaled_font(own.font(), 1.9))
    for shown in (plain, own):
        qtbot.addWidget(shown)
        shown.show()
    before = plain.font().pointSizeF(), own.font().pointSizeF()
    for theme_name in ("light", "dark"):
        theme.apply(dressed, theme_name, scale)
        sizes = plain.font().pointSizeF(), own.font().pointSizeF()
        assert sizes == pytest.approx(tuple(size * scale / 100 for size in before))
    theme.apply(dressed)
    assert (plain.font().pointSizeF(), own.font().pointSizeF()) == pytest.approx(before)


def test_icons_take_the_colour_of_the_theme_and_of_what_is_switched_on(dressed):
    theme.apply(dressed, "light")
    assert max(_ink("overlay")) < 60
    assert min(_ink("overlay", QIcon.State.On)) > 200
    theme.apply(dressed, "dark")
    assert min(_ink("overlay")) > 120


@pytest.mark.parametrize("name", ["open", "fit", "reset", "text", "invert", "overlay", "help", "window", "warning"])
def test_every_icon_draws_something(qapp, name):
    image = theme.icon(name).pixmap(36, 36).toImage()
    assert any(image.pixelColor(x, y).alpha() for x in range(36) for y in range(36))
