"""Corner text, values, titles, remaining time, wheel and drag."""

import numpy as np
import pytest

from overread.core.roles import Role
from overread.core.study import FileCounts, Scan, Series, Study
from overread.viewing.corner import apart_words, corner_text, role_words, size_words, value_words, volume_title
from overread.viewing.remaining import remaining_s, remaining_words
from overread.viewing.scroll import WheelCounter, dragged_slices
from overread.viewing.session import Result, Session, first_to_show
from overread.viewing.viewport import Viewport


@pytest.mark.parametrize(("value", "units", "modality", "words"), [
    (54.0, "HU", "CT", "HU 54"), (312.0, None, "MR", "signal 312"), (312.0, "HU", "MR", "signal 312"),
    (0.251, None, "MR", "signal 0.251"), (7.0, None, None, "value 7"),
])
def test_value_is_hu_on_ct_and_signal_on_mr(value, units, modality, words):
    assert value_words(value, units, modality) == words


def test_corners_name_series_window_and_position_but_no_patient(volume, pixels):
    viewport = Viewport()
    viewport.show(volume(slice_thickness_mm=2.5), "4  eTHRIVE", "20210616")
    viewport.set_pixels(pixels(np.arange(7 * 12 * 16, dtype=np.int16).reshape(7, 12, 16)))
    text = corner_text(viewport, (0, 0), "hbp-detection")
    assert text.top_left == ()
    assert text.top_right == ("4  eTHRIVE", "T1 hepatobiliary", "2021-06-16")
    assert text.bottom_right == ("hbp-detection", "2.5 mm thick, every 3 mm", "S 39.0 mm", "Slice 4 of 7")
    assert text.bottom_left[0].startswith("signal 576   R 10.0  A 20.0  S 39.0")


def test_corner_text_can_be_few_or_none(volume):
    viewport = Viewport()
    viewport.show(volume())
    viewport.next_text()
    assert corner_text(viewport).bottom_right == ("Slice 4 of 7",)
    viewport.next_text()
    assert corner_text(viewport) == corner_text(Viewport())


def test_guessed_role_carries_a_question_mark(volume):
    assert role_words(volume(role=Role("ct-portal", 0.5))) == "CT portal venous?"
    assert role_words(volume(role=Role("dwi", 0.9), b_value=800.0)) == "diffusion b 800"
    assert role_words(volume(role=Role(None))) == ""


def test_what_the_role_says_is_not_said_again(volume):
    viewport = Viewport()
    viewport.show(volume(role=Role("dwi", 0.9), b_value=800.0, told_apart=("b 800",)), "4  ep2d")
    assert corner_text(viewport).top_right == ("4  ep2d", "diffusion b 800")
    assert apart_words(volume(told_apart=("echo 2",))) == ("echo 2",)


def test_size_says_slices_and_spacing(volume):
    assert size_words(volume()) == "7 × 3 mm"
    assert size_words(volume(kind="stack")) == "7 slices"
    assert size_words(volume(shape=(1, 4, 4))) == "1 image"


def test_title_has_number_and_description(volume):
    assert volume_title(Series("1", "MR", 4, "T1"), volume()) == "4  T1"
    assert volume_title(Series("1", "MR", None, None), volume()) == "no description"


def test_remaining_time_is_unknown_before_a_tenth_is_done():
    assert remaining_s(5.0, 0.09) is None
    assert remaining_s(5.0, None) is None
    assert remaining_s(5.0, 1.0) is None
    assert remaining_s(10.0, 0.25) == pytest.approx(30)


@pytest.mark.parametrize(("seconds", "words"), [(None, ""), (4, "a few seconds left"),
                                                (33, "about 30 s left"),
                                                (200, "about 3 min left")])
def test_remaining_time_is_rounded(seconds, words):
    assert remaining_words(seconds) == words


def test_wheel_towards_the_reader_is_the_next_slice():
    assert WheelCounter().notches(-120) == 1
    assert WheelCounter().notches(240) == -2


def test_small_wheel_steps_add_up_to_a_slice():
    wheel = WheelCounter()
    assert [wheel.notches(-40) for _ in range(6)] == [0, 0, 1, 0, 0, 1]


def test_turning_back_forgets_the_rest_of_the_other_direction():
    wheel = WheelCounter()
    wheel.notches(-100)
    assert wheel.notches(40) == 0
    assert wheel.notches(80) == -1


def test_drag_down_goes_on_and_passes_the_whole_stack_in_one_height():
    assert dragged_slices(600, 120, 600) == 120
    assert dragged_slices(-30, 120, 600) == -6
    assert dragged_slices(300, 1000, 600) == 100


def _scan(*volumes):
    series = tuple(Series(str(n), "MR", n, f"s{n}", (v,)) for n, v in enumerate(volumes))
    return Scan((), FileCounts(), (Study("1", None, None, series),), ())


def test_series_with_the_wanted_role_opens_first_even_if_shorter(volume):
    plain = volume(id="a", shape=(90, 4, 4), role=Role("t2", 1.0))
    wanted = volume(id="b", shape=(20, 4, 4), role=Role("t1-hbp", 0.9))
    assert first_to_show([plain, wanted], ("t1-hbp",)).id == "b"
    assert first_to_show([plain, wanted]).id == "a"


def test_localiser_does_not_open_first(volume):
    scout = volume(id="a", shape=(90, 4, 4), role=Role("localiser", 1.0))
    assert first_to_show([scout, volume(id="b")]).id == "b"
    assert first_to_show([]) is None


def test_result_stays_with_its_series(volume):
    from overread.core.reading import Reader, Reading

    session = Session()
    first, second = volume(id="a"), volume(id="b")
    session.set_scan(_scan(first, second))
    session.show(first)
    reading = Reading("r", "now", Reader("system", "x"), {}, (), "none", 0.1)
    session.set_result("a", Result(reading, None, "x"))
    assert session.findings.reading is reading
    session.show(second)
    assert session.findings.reading is None
    session.show(first)
    assert session.findings.reading is reading


def test_operating_point_of_a_series_is_as_it_was_left(volume):
    from overread.core.reading import Mark, Reader, Reading
    from overread.viewing.operating import Point

    session = Session()
    first, second = volume(id="a"), volume(id="b")
    session.set_scan(_scan(first, second))
    reading = Reading("r", "now", Reader("system", "x"), {}, (), "marks", 0.9, (Mark("m", (0, 0, 0), 0.7),))
    for shown in (first, second):
        session.set_result(shown.id, Result(reading, None, "x", (Point("default", 0.5),)))
    session.show(first)
    session.findings.set_threshold(0.8)
    session.show(second)
    assert session.findings.threshold == 0.5
    session.show(first)
    assert session.findings.threshold == 0.8
    assert session.findings.candidates() == ()


def test_neighbours_end_at_the_first_and_last_series(volume):
    session = Session()
    first, second = volume(id="a"), volume(id="b")
    session.set_scan(_scan(first, second))
    session.show(first)
    assert session.neighbour(1).id == "b"
    assert session.neighbour(-1) is None


def test_a_volume_that_grew_is_found_by_its_first_slice(volume):
    session = Session()
    session.set_scan(_scan(volume(id="grown")))
    assert session.newest(volume(id="early", shape=(3, 12, 16))).id == "grown"
