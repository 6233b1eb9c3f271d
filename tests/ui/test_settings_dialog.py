"""The settings dialog: what OK keeps, what Cancel leaves, what shows at once."""

import dataclasses

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QLineEdit, QPushButton, QRadioButton, QSlider

from overread.core.errors import DeviceError
from overread.io.places import user_places
from overread.ui import theme
from overread.ui.actions import mouse_help
from overread.ui.settings import CHOICES, MOUSE_PROFILES, TEXT_SCALES, Settings, load_settings
from overread.ui.settings_dialog import WORDS, SettingsDialog


@pytest.fixture
def looks():
    return []


@pytest.fixture
def dialog(qtbot, looks):
    made = SettingsDialog(Settings(last_folder="/here"), lambda *look: looks.append(look))
    qtbot.addWidget(made)
    made.show()
    yield made
    made.close()


def _choose(dialog, name, value):
    combo = dialog.findChild(QComboBox, f"settings-{name}")
    combo.setCurrentIndex(combo.findData(value))


def _change_everything(dialog):
    dialog.findChild(QRadioButton, "settings-mouse-window").click()
    _choose(dialog, "theme", "light")
    _choose(dialog, "text-scale", 125)
    _choose(dialog, "corner-text", "few")
    _choose(dialog, "device", "cpu")
    _choose(dialog, "engine", "torch")
    dialog.findChild(QCheckBox, "settings-unaided-first").click()
    dialog.findChild(QCheckBox, "settings-hang-on-open").click()
    dialog.findChild(QSlider, "settings-heat-opacity").setValue(60)
    dialog.findChild(QSlider, "settings-heat-threshold").setValue(10)


CHANGED = Settings("window", "light", 125, 0.6, 0.1, "few", "cpu", "torch", False, "/here", True)


def test_ok_keeps_every_choice_and_says_what_changed(dialog, qtbot):
    settings = dialog._settings
    _change_everything(dialog)
    assert settings == Settings(last_folder="/here")
    with qtbot.waitSignal(dialog.kept) as kept:
        qtbot.mouseClick(dialog.findChild(QPushButton, "settings-ok"), Qt.MouseButton.LeftButton)
    assert settings == CHANGED
    assert kept.args == [frozenset(Settings.__slots__) - {"last_folder"}]


@pytest.mark.parametrize("way", ["button", "escape"])
def test_cancel_leaves_everything_as_it_was_the_look_included(dialog, qtbot, looks, way):
    _change_everything(dialog)
    with qtbot.assertNotEmitted(dialog.kept):
        if way == "button":
            dialog.findChild(QPushButton, "settings-cancel").click()
        else:
            qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert dialog._settings == Settings(last_folder="/here")
    assert looks[-1] == ("dark", 100)
    assert ("light", 125) in looks


def test_reset_chooses_every_default_but_the_last_folder_and_keeps_nothing_yet(qtbot, looks):
    settings = dataclasses.replace(CHANGED)
    made = SettingsDialog(settings, lambda *look: looks.append(look))
    qtbot.addWidget(made)
    made.findChild(QPushButton, "settings-reset").click()
    assert made.draft == Settings(last_folder="/here")
    assert made.findChild(QComboBox, "settings-theme").currentData() == "dark"
    assert made.findChild(QSlider, "settings-heat-opacity").value() == 35
    assert looks[-1] == ("dark", 100)
    assert settings == CHANGED
    made.accept()
    assert settings == Settings(last_folder="/here")


def test_every_choice_has_a_name_for_people():
    named = {name: set(words) for name, words in WORDS.items()}
    assert named == {name: set(choices) for name, choices in CHOICES.items() if name != "mouse"}


def test_gestures_follow_the_chosen_profile(dialog):
    for profile in reversed(MOUSE_PROFILES):
        dialog.findChild(QRadioButton, f"settings-mouse-{profile}").click()
        for row, (gesture, does) in enumerate(mouse_help(profile)):
            assert dialog.findChild(QLabel, f"settings-gesture-{row}").text() == gesture
            assert dialog.findChild(QLabel, f"settings-gesture-{row}-does").text() == does


@pytest.mark.parametrize("profile", MOUSE_PROFILES)
@pytest.mark.parametrize("side", ["Left", "Right"])
def test_mouse_does_what_the_words_say(opened, qtbot, profile, side):
    opened.settings.mouse = profile
    viewport, image = opened.session.layout.active, opened.image
    button = Qt.MouseButton.LeftButton if side == "Left" else Qt.MouseButton.RightButton
    before = viewport.slice, viewport.window
    qtbot.mousePress(image, button, pos=QPoint(200, 200))
    qtbot.mouseMove(image, QPoint(240, 240))
    qtbot.mouseRelease(image, button, pos=QPoint(240, 240))
    words = dict(mouse_help(profile))[f"{side} drag"]
    assert (viewport.slice != before[0]) == words.startswith("scroll")
    assert (viewport.window != before[1]) == words.startswith("window")


def test_device_line_says_what_a_wish_comes_to(qtbot):
    def ask(wish, _progress):
        if wish == "cuda":
            raise DeviceError("The device cannot be used", "there is none", "Choose another")
        return f"CPU, asked for as {wish}"

    made = SettingsDialog(Settings(), lambda *_look: None, ask_device=ask)
    qtbot.addWidget(made)
    qtbot.waitUntil(lambda: made.device_line.text() == "CPU, asked for as auto", timeout=3000)
    _choose(made, "device", "cuda")
    qtbot.waitUntil(lambda: "there is none" in made.device_line.text(), timeout=3000)
    made.reject()


def test_cache_is_measured_and_cleared_and_nothing_else_is(dialog, qtbot, own_home):
    for name in ("cache/deep/reading.json", "cache/model.onnx", "data/mine.json"):
        path = own_home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(3 << 19))
    dialog.files.measure()
    qtbot.waitUntil(lambda: dialog.files.size_words.text() == "3.0 MB in the cache", timeout=3000)
    dialog.files.clear_button.click()
    qtbot.waitUntil(lambda: dialog.files.size_words.text() == "3.0 MB cleared; the cache is empty", timeout=3000)
    assert list((own_home / "cache").iterdir()) == []
    assert (own_home / "data" / "mine.json").is_file()
    assert not dialog.files.clear_button.isEnabled()


def test_folders_are_shown_as_they_are(dialog):
    places = user_places()
    for name in ("data", "config", "cache", "log"):
        assert dialog.findChild(QLineEdit, f"settings-folder-{name}").text() == str(getattr(places, name))


def test_folder_that_cannot_be_made_is_said_in_the_dialog(dialog, own_home):
    (own_home / "log").write_text("a file in the way")
    dialog.findChild(QPushButton, "settings-open-log").click()
    assert dialog.files.said.text().startswith(f"The folder {own_home / 'log'} cannot be opened")


def test_window_takes_what_ok_keeps_at_once(opened, qtbot):
    qtbot.keyClick(opened, Qt.Key.Key_Comma, Qt.KeyboardModifier.ControlModifier)
    dialog = opened.dialog
    assert isinstance(dialog, SettingsDialog)
    qtbot.waitUntil(dialog.isVisible, timeout=3000)
    _change_everything(dialog)
    dialog.accept()
    viewport = opened.session.layout.active
    assert (viewport.overlay.opacity, viewport.overlay.threshold, viewport.text) == (0.6, 0.1, "few")
    assert opened.settings_desk.mouse_button.text() == "Left drag windows, right drag scrolls"
    assert opened.settings_desk.mouse_button.accessibleName() == opened.settings_desk.mouse_button.text()
    assert load_settings() == dataclasses.replace(opened.settings)
    assert theme.THEMES["light"].text == theme.TEXT


def test_window_shows_the_old_look_again_after_cancel(opened, qtbot):
    size = opened.settings_desk.mouse_button.font().pointSizeF()
    opened.menus.actions["settings"].trigger()
    _change_everything(opened.dialog)
    assert opened.settings_desk.mouse_button.font().pointSizeF() == pytest.approx(size * 1.25)
    opened.dialog.reject()
    assert opened.settings_desk.mouse_button.font().pointSizeF() == pytest.approx(size)
    assert theme.THEMES["dark"].text == theme.TEXT
    assert opened.settings.mouse == "stack"


def test_text_on_the_image_starts_as_it_was_set(qtbot):
    from overread.ui.window import MainWindow

    made = MainWindow(Settings(corner_text="none"))
    qtbot.addWidget(made)
    assert made.session.layout.active.text == "none"
    made.close()


@pytest.mark.parametrize("scale", [TEXT_SCALES[0], TEXT_SCALES[-1]])
def test_dialog_fits_a_small_screen_at_every_text_scale(qtbot, qapp, scale):
    theme.apply(qapp, "dark", scale)
    made = SettingsDialog(Settings(text_scale=scale), lambda *_look: None)
    qtbot.addWidget(made)
    made.show()
    assert made.minimumSizeHint().width() <= 1280 - 40
    assert made.minimumSizeHint().height() <= 800 - 80
    made.close()
    theme.apply(qapp)
