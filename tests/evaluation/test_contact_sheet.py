"""Contact sheets on paper: text fits, letters that no font has are left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from overread.evaluation import contact_sheet
from overread.evaluation.contact_sheet import write_sheet
from overread.phantom.gallery import Sheet
from overread.phantom.gallery_tiles import Mark, Tile

LONG = "t1_vibe_fs_tra_bh_dynamisch_spaetphase_180s_nach_KM_mit_Atemkommando_wdh"


def _sheet(description: str, tiles: int = 3) -> Sheet:
    grey = np.full((30, 40), 90, np.uint8)
    lesions = np.zeros((30, 40), np.uint8)
    lesions[10:15, 10:18] = 100
    shown = tuple(Tile("t1-hbp", description, f"slice {n + 1} of 9", n, grey, lesions) for n in range(tiles))
    return Sheet("hbp, internal, seed 1", ("man, 50",), ("HCC " + "very " * 80,), (shown,), (Mark(100, "hcc", True),))


def _text_of(monkeypatch: pytest.MonkeyPatch, sheet: Sheet, path: Path, **how: bool) -> list[tuple[str, float, float]]:
    """Every text on the page with its left and right end in pixels."""
    from matplotlib.figure import Figure

    pages: list[Figure] = []
    page = contact_sheet._page
    monkeypatch.setattr(contact_sheet, "_page", lambda *a: pages.append(page(*a)) or pages[-1])
    write_sheet(sheet, path, tile_px=160, **how)
    extents = [(text, text.get_window_extent()) for text in pages[0].texts]
    return [(text.get_text(), extent.x0, extent.x1) for text, extent in extents]


def test_long_captions_are_wrapped_and_never_cut(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told = _text_of(monkeypatch, _sheet(LONG), tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as picture:
        width = picture.width
    assert all(left >= 0 and right <= width for _, left, right in told)
    parts = [text for text, _, _ in told if text and text in LONG]
    assert "".join(parts) == LONG * 3
    assert all(right - left <= 160 for text, left, right in told if text in parts)


def test_findings_are_told_in_full(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told = _text_of(monkeypatch, _sheet("HBP"), tmp_path / "a.png")
    assert " ".join(text for text, _, _ in told).count("very") == 80


def test_a_description_that_no_font_can_write_is_left_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(contact_sheet, "_east_asian", lambda: ())
    contact_sheet._glyphs.cache_clear()
    told = _text_of(monkeypatch, _sheet("肝胆期 20分"), tmp_path / "a.png")
    contact_sheet._glyphs.cache_clear()
    assert not any("肝" in text for text, _, _ in told)
    assert any(text.startswith("t1-hbp") for text, _, _ in told)


def test_a_blind_sheet_bears_a_letter_for_each_tile_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told = _text_of(monkeypatch, _sheet("HBP", 4), tmp_path / "a.png", is_blind=True)
    assert [text for text, _, _ in told] == ["A", "B", "C", "D"]


def test_the_page_says_that_it_shows_a_phantom(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told = _text_of(monkeypatch, _sheet("HBP"), tmp_path / "a.png")
    assert any("drawn, not a patient" in text for text, _, _ in told)
