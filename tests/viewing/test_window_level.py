"""Presets, the window a stack opens with, and the grey tables."""

import numpy as np
import pytest

from overread.viewing.window_level import (
    CT_PRESETS,
    Window,
    auto_window,
    default_window,
    grey_table,
    header_window,
    sample,
    to_grey,
)

LIVER_HU, LESION_HU = 110, 80
BY_ID = {preset.id: preset.window for preset in CT_PRESETS}


@pytest.mark.parametrize("name", ["liver", "liver-plain"])
def test_liver_presets_separate_a_lesion_from_liver_by_at_least_15_greys(name):
    liver, lesion = (110, 80) if name == "liver" else (60,
                                                       30)  # plain: unenhanced liver and a cyst-like lesion
    assert BY_ID[name].grey(liver) - BY_ID[name].grey(lesion) >= 15


@pytest.mark.parametrize("name", ["abdomen", "liver", "vessels"])
def test_soft_tissue_presets_separate_enhanced_liver_from_lesion(name):
    assert BY_ID[name].grey(LIVER_HU) - BY_ID[name].grey(LESION_HU) >= 15


def test_presets_are_those_of_the_table_in_the_design():
    assert [(p.key, p.window.width, p.window.centre) for p in CT_PRESETS] == [
        ("1", 400, 40), ("2", 150, 90), ("3", 150, 30), ("4", 350, 120), ("5", 1500, -600), ("6", 2000, 350)]


def test_drag_right_is_wider_and_drag_up_is_brighter():
    window = Window(40, 400)
    assert window.dragged(30, 0).width > 400
    assert window.dragged(0, 30).grey(40) > window.grey(40)
    assert window.dragged(-10_000, 0).width > 0


def test_sensible_header_window_is_taken(volume):
    values = np.linspace(0, 1000, 5000, dtype=np.float32)
    assert default_window(volume(window=(500, 1000)), values).name == "header"


def test_header_window_as_wide_as_the_bit_depth_is_not_taken(volume):
    values = np.linspace(0, 300, 5000, dtype=np.float32)
    chosen = default_window(volume(window=(32768, 65535)), values)
    assert chosen.name == "auto"
    assert (chosen.low, chosen.high) == pytest.approx((3.0, 298.5), abs=0.5)


def test_ct_without_header_window_opens_in_the_abdomen_window(volume):
    values = np.concatenate([np.full(500, -1000), np.linspace(-100, 200, 500)]).astype(np.float32)
    assert default_window(volume(modality="CT"), values) == BY_ID["abdomen"]


def test_mask_stored_as_ct_is_shown_from_nothing_to_all(volume):
    values = np.array([0] * 900 + [255] * 100, dtype=np.float32)
    chosen = default_window(volume(modality="CT", window=(0, 0)), values)
    assert (chosen.low, chosen.high) == (0, 255)


def test_padding_does_not_count_for_the_automatic_window():
    values = np.concatenate([np.full(10_000, -2000), np.linspace(0, 100, 1000)]).astype(np.float32)
    assert auto_window(values).low == pytest.approx(1.0, abs=0.2)


def test_bright_fluid_leaves_the_liver_grey_in_the_automatic_window():
    random = np.random.default_rng(3)
    air, liver, fluid = random.rayleigh(20, 60_000), random.normal(300, 30, 36_000), random.normal(4000, 300, 4_000)
    window = auto_window(np.concatenate([air, liver, fluid]).clip(0).astype(np.float32))
    assert 50 < window.grey(300) < 90
    assert window.grey(4000) == 255


def test_without_bright_fluid_the_automatic_window_reaches_all_but_the_brightest_two_hundredth():
    random = np.random.default_rng(4)
    values = np.concatenate([random.rayleigh(20, 60_000), random.normal(300, 60, 40_000)]).clip(0).astype(np.float32)
    assert auto_window(values).high == pytest.approx(np.percentile(values[values > values.min()], 99.5))


def test_a_stack_of_one_value_has_a_window():
    assert auto_window(np.full(10, 7, dtype=np.float32)).width > 0


def test_header_window_of_no_width_is_none(volume):
    assert header_window(volume(window=(10, 0))) is None
    assert header_window(volume(window=None)) is None


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16", ">i2"])
def test_table_agrees_with_the_formula_for_every_stored_value(dtype):
    kind = np.dtype(dtype)
    limits = np.iinfo(kind)
    stored = np.arange(limits.min, limits.max + 1, dtype=np.int64).astype(kind.newbyteorder("="))
    window = Window(20, 333)
    table = grey_table(window, kind, 1.5, -30)
    looked_up = table[stored.view(f"u{kind.itemsize}")]
    expected = to_grey(stored.astype(np.float32) * np.float32(1.5) - np.float32(30), window)
    assert np.array_equal(looked_up & 0xFF, expected)
    assert np.all(looked_up >> 24 == 0xFF)


def test_inverted_table_swaps_black_and_white():
    table = grey_table(Window(127.5, 255), np.dtype("uint8"), 1, 0, inverted=True)
    assert (table[0], table[255]) == (0xFFFFFFFF, 0xFF000000)


def test_wider_types_have_no_table():
    assert grey_table(Window(0, 1), np.dtype("float32"), 1, 0) is None


def test_not_a_number_is_shown_black_or_grey_not_garbage():
    assert to_grey(np.array([np.nan, np.inf, -np.inf], dtype=np.float32), Window(0, 2)).tolist() == [0, 255,
                                                                                                     0]


def test_sample_leaves_out_slices_that_could_not_be_decoded(pixels):
    from dataclasses import replace

    stored = np.stack([np.full((4, 4), k, dtype=np.int16) for k in (5, -99, 7)])
    assert set(sample(replace(pixels(stored), missing=(1,)))) == {5, 7}
