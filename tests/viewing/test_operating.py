"""The operating scale: stops, places between them, and what may be said of each."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overread.viewing.operating import STEPS, OperatingScale, Point, points_of

LOW = Point("high-sensitivity", 0.2916201, "On validation", 0.87, "validation")
MIDDLE = Point("default", 0.4717123, "On validation", 0.82, "validation")
HIGH = Point("high-precision", 0.8381258, "On validation", 0.63, "validation")
SCALE = OperatingScale.of((HIGH, LOW, MIDDLE), 0.0758581)


def test_stops_are_ordered_from_sensitive_to_precise():
    assert [p.name for p in SCALE.points] == ["high-sensitivity", "default", "high-precision"]


@pytest.mark.parametrize("point", SCALE.points, ids=lambda p: p.name)
def test_slider_step_of_a_stop_gives_exactly_its_threshold(point):
    assert SCALE.threshold_of(SCALE.step_of(point.threshold)) == point.threshold


def test_lowest_step_is_exactly_the_floor_so_that_nothing_kept_is_hidden():
    assert SCALE.threshold_of(SCALE.first_step()) == 0.0758581


@given(st.integers(SCALE.first_step(), STEPS))
def test_steps_and_thresholds_agree_within_half_a_step(step):
    assert abs(SCALE.threshold_of(step) - step / STEPS) <= 0.5 / STEPS + 1e-12
    assert SCALE.step_of(SCALE.threshold_of(step)) == step


@pytest.mark.parametrize(("threshold", "words"), [
    (MIDDLE.threshold, "default"), (0.6, "between default and high precision"), (0.1, "below high sensitivity"),
    (0.99, "above high precision"),
])
def test_place_is_named_by_its_stops(threshold, words):
    assert SCALE.place_words(threshold) == words


def test_between_stops_the_nearer_ones_figures_stand_under_its_name():
    assert SCALE.meaning(0.5).startswith("Not measured here. Default (0.47), the nearer point, has meant:")
    assert SCALE.meaning(0.8).startswith("Not measured here. High precision (0.84)")
    assert SCALE.meaning(MIDDLE.threshold) == "On validation"


@pytest.mark.parametrize(("threshold", "count"), [
    (MIDDLE.threshold, "18"), (0.6, "between 18 and 37"), (0.1, "at most 13"), (0.99, "at least 37"),
])
def test_missed_lesions_between_stops_are_bounded_and_never_interpolated(threshold, count):
    assert SCALE.missed_words(threshold) == f"it missed {count} of 100 lesions of its test set (validation)"


def test_unmeasured_points_say_nothing_of_missed_lesions():
    assert OperatingScale.of([Point("default", 0.5)]).missed_words(0.5) == ""
    assert OperatingScale.of([Point("default", 0.5)]).meaning(0.6) == ""


def test_next_stop_goes_up_and_down_and_ends():
    assert SCALE.beyond(0.3, 1) is MIDDLE
    assert SCALE.beyond(0.3, -1) is LOW
    assert SCALE.beyond(0.9, 1) is None


def test_scale_without_points_is_empty_but_whole():
    scale = OperatingScale.of(())
    assert (scale.place_words(0.5), scale.meaning(0.5), scale.nearest(0.5)) == ("", "", None)


def test_shipped_bundle_says_sensitivity_specificity_and_false_marks_on_its_named_set():
    from overread.systems import find_bundle

    bundle = find_bundle("hbp-detection")
    table = bundle.evaluations["internal"]["operating"]["default"]
    point = next(p for p in points_of(bundle) if p.name == "default")
    lines = point.meaning.splitlines()
    assert lines[0].startswith("On internal")
    low, high = (round(100 * v) for v in table["slice"]["sensitivity"][1:])
    assert f"sensitivity {100 * table['slice']['sensitivity'][0]:.0f}\u00a0%\u00a0({low}–{high})" in lines[1]
    assert "specificity" in lines[1]
    assert "% marked" in lines[2]
    assert "a case" in lines[2]
    assert f"On {bundle.manifest['operating']['default']['chosen_on']}" in point.elsewhere.splitlines()
    assert "On external-1" in point.elsewhere


def test_every_evaluation_in_the_manifest_is_told_under_its_own_set():
    from overread.viewing.operating import _point

    manifest = {
        "operating": {"default": {"threshold": 0.5, "chosen_on": "validation: 40 phantoms", "marks_per_case": 3.0,
                                  "lesion_sensitivity": 0.5}},
        "evaluation": {
            "validation": {"patients": 40, "lesions": 20},
            "internal": {"test_set": "internal phantoms", "cases": 150, "lesions": 120,
                         "operating": {"default": {"slice": {"sensitivity": [0.9, 0.85, 0.94]},
                                                   "lesion_sensitivity": 0.8, "marks_per_case": 1.5}}},
        },
    }
    point = _point("default", manifest)
    assert point.elsewhere.splitlines() == [
        "On validation: 40 phantoms", "Lesions: 50\u00a0% marked; 2.8 false or repeat marks a case"]
    assert point.meaning.splitlines() == [
        "On internal phantoms: 120 lesions, 150 cases", "Slices: sensitivity 90\u00a0%\u00a0(85–94)",
        "Lesions: 80\u00a0% marked; 0.9 false or repeat marks a case"]
    assert point.lesion_sensitivity == 0.8
    assert point.test_set == "internal phantoms: 120 lesions, 150 cases"
