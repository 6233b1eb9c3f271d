"""What the gallery shows, as plain state."""

from __future__ import annotations

import pytest

from overread.core.errors import InputError
from overread.phantom import KINDS, SITES
from overread.phantom.gallery import Sheet
from overread.viewing.gallery import KIND_WORDS, LAST_SEED, NOTHING_DRAWN, Gallery

SHEET = Sheet("hbp, internal, seed 1", ("man, 50",), ("Label hcc",), (), ())


@pytest.fixture
def gallery() -> Gallery:
    return Gallery()


def test_every_kind_has_words() -> None:
    assert set(KIND_WORDS) == set(KINDS)


def test_a_kind_without_the_chosen_site_falls_back_to_its_first(gallery: Gallery) -> None:
    gallery.choose_kind("hbp")
    gallery.choose_site(SITES["hbp"][-2])
    for kind in KINDS:
        gallery.choose_kind(kind)
        assert gallery.wish.site in SITES[kind] == gallery.sites


@pytest.mark.parametrize(("asked", "got"), [(-5, 0), (7, 7), (LAST_SEED + 9, LAST_SEED)])
def test_seeds_stay_in_their_range(gallery: Gallery, asked: int, got: int) -> None:
    gallery.choose_seed(asked)
    assert gallery.wish.seed == got


def test_hiding_the_outlines_hides_the_findings_in_words(gallery: Gallery) -> None:
    gallery.finish(gallery.wish, SHEET)
    assert gallery.words() == ("man, 50", "Label hcc")
    gallery.show_outlines(False)
    assert gallery.words() == ("man, 50",)


def test_a_cancelled_drawing_keeps_the_sheet_that_was_there(gallery: Gallery) -> None:
    gallery.finish(gallery.wish, SHEET)
    gallery.begin()
    gallery.fail(None)
    assert gallery.sheet is SHEET
    assert not gallery.is_drawing


def test_what_went_wrong_stands_where_the_sheet_would_be(gallery: Gallery) -> None:
    problem = InputError("This phantom cannot be made", "the seed is odd", "Choose another")
    gallery.begin()
    gallery.fail(problem)
    assert gallery.said == str(problem)


def test_listeners_hear_what_changed_and_only_that(gallery: Gallery) -> None:
    heard: list[str] = []
    gallery.listeners.append(heard.append)
    gallery.choose_seed(gallery.wish.seed)
    gallery.choose_seed(3)
    gallery.begin()
    gallery.finish(gallery.wish, SHEET)
    gallery.show_outlines(False)
    assert heard == ["wish", "drawing", "sheet", "outlines"]


def test_a_forgotten_sheet_leaves_the_empty_sentence(gallery: Gallery) -> None:
    gallery.finish(gallery.wish, SHEET)
    gallery.forget()
    assert gallery.sheet is None
    assert gallery.said == NOTHING_DRAWN


def test_the_picture_is_named_after_the_case_that_is_shown(gallery: Gallery) -> None:
    gallery.finish(gallery.wish, SHEET)
    gallery.choose_seed(77)
    assert gallery.file_name() == "hbp-internal-1.png"
