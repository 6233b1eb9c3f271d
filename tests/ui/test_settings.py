"""Settings are checked, kept, and never lost where they cannot be understood."""

import tomllib

import pytest

from overread.core.errors import InputError, StorageError
from overread.ui.settings import CHOICES, SHARES, Settings, load_settings, save_settings, settings_file

OTHERS = {
    "mouse": "window", "theme": "dim", "text_scale": 125, "heat_opacity": 0.6, "heat_threshold": 0.1,
    "corner_text": "few", "device": "cpu", "engine": "onnx", "unaided_first": False, "last_folder": "/some \\ “where”",
    "hang_on_open": True,
}  # fmt: skip


def _written(text):
    settings_file().parent.mkdir(parents=True, exist_ok=True)
    settings_file().write_text(text, encoding="utf-8")
    return settings_file()


def test_every_setting_comes_back():
    assert set(OTHERS) == set(Settings.__slots__)
    save_settings(Settings(**OTHERS))
    told = []
    assert load_settings(told.append) == Settings(**OTHERS)
    assert told == []


def test_first_start_has_the_defaults_and_says_nothing():
    told = []
    assert load_settings(told.append) == Settings()
    assert told == []
    assert not settings_file().exists()


@pytest.mark.parametrize("name", [*CHOICES, *SHARES, "unaided_first", "hang_on_open", "last_folder"])
def test_value_that_a_setting_cannot_take_is_refused_in_a_sentence(name):
    settings = Settings()
    for value in ("no such choice" if name != "last_folder" else 3, None, float("nan"), -1, 1.5, []):
        with pytest.raises(InputError, match=name) as refused:
            setattr(settings, name, value)
        assert str(refused.value).endswith(".")
    assert settings == Settings()


def test_setting_that_does_not_exist_cannot_be_made():
    with pytest.raises(AttributeError):
        Settings().colour = "red"


def test_truth_is_no_number():
    with pytest.raises(InputError):
        Settings(text_scale=True)
    with pytest.raises(InputError):
        Settings(heat_opacity=True)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[window]\nmouse = 3\nheat_opacity = ", "not a TOML file"),
        ('[window]\nmouse = "feet"\ntheme = "dim"\n', "mouse"),
        ('[window]\nhat = "red"\ntheme = "dim"\n', "hat"),
        ("[window]\ntext_scale = 5000\n", "text_scale"),
        ("window = 3\n", "window"),
    ],
)
def test_file_that_is_not_understood_is_kept_aside_and_told_once(text, named):
    file = _written(text)
    told = []
    loaded = load_settings(told.append)
    assert len(told) == 1
    assert named in str(told[0])
    assert "settings.aside.toml" in str(told[0])
    assert file.with_name("settings.aside.toml").read_text(encoding="utf-8") == text
    assert loaded == Settings(theme="dim" if "dim" in text else "dark")
    assert load_settings(told.append) == loaded
    assert len(told) == 1


def test_second_file_that_is_not_understood_does_not_take_the_place_of_the_first():
    for number in range(12):
        _written(f"# {number}\n[window]\nmouse = 3\n")
        load_settings()
    kept = sorted(settings_file().parent.glob("settings.aside*.toml"))
    assert len(kept) == 9
    assert kept[0].read_text(encoding="utf-8").startswith("# 0") or kept[-1].read_text().startswith("# 0")


def test_file_that_is_not_text_takes_the_defaults():
    _written("").write_bytes(b"\xff\xfe\x00[window]")
    told = []
    assert load_settings(told.append) == Settings()
    assert len(told) == 1


def test_tables_of_other_rooms_stay():
    _written('[other]\nkept = "yes"\n[other.inner]\nnumbers = [1, 2]\n[window]\nhat = 1\n')
    load_settings()
    save_settings(Settings(theme="light"))
    document = tomllib.loads(settings_file().read_text(encoding="utf-8"))
    assert document["other"] == {"kept": "yes", "inner": {"numbers": [1, 2]}}
    assert document["window"]["theme"] == "light"


def test_folder_that_cannot_be_written_is_said_and_nothing_half_written_is_left(own_home):
    (own_home / "config").write_text("a file in the way")
    with pytest.raises(StorageError, match="The settings were not kept"):
        save_settings(Settings())
    assert sorted(p.name for p in own_home.iterdir()) == ["config"]


def test_writing_leaves_one_file():
    for theme in ("dim", "light"):
        save_settings(Settings(theme=theme))
    assert [p.name for p in settings_file().parent.iterdir()] == ["settings.toml"]
