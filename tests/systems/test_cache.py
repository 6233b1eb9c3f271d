"""Readings that were made before."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from overread.core.reading import content_digest
from overread.core.study import Volume
from overread.io.places import user_places
from overread.systems import Outcome, ReadRequest, read
from overread.systems.cache import FROM_CACHE
from overread.systems.hbp_detection import system

MakeVolume = Callable[..., Volume]


def _request(volume: Volume, bundle: Path, **changes: object) -> ReadRequest:
    wish = ReadRequest("hbp-detection", (("t1-hbp", volume),), device="cpu", engine="torch", bundle_folder=str(bundle))
    return replace(wish, **changes)


def _entries() -> list[Path]:
    return sorted((user_places().cache / "readings").glob("*"))


def _digest(outcome: Outcome) -> str:
    return content_digest(outcome.reading.to_json())


def test_the_same_pixels_are_read_once_and_the_answer_is_the_same(
    make_volume: MakeVolume, small_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = read(_request(make_volume(), small_bundle, case_id="one", study_uid="1.2"))
    monkeypatch.setattr(system, "run_or_fall_back", lambda *_: pytest.fail("it was read again"))
    second = read(_request(make_volume(), small_bundle, case_id="one", study_uid="1.2"))
    assert not first.is_from_cache
    assert second.is_from_cache
    assert FROM_CACHE in second.notes
    assert _digest(second) == _digest(first)
    assert second.reading.id != first.reading.id
    assert first.heatmap is not None
    assert second.heatmap is not None
    assert second.heatmap.sha256 == first.heatmap.sha256
    np.testing.assert_array_equal(second.heatmap.values, first.heatmap.values)
    assert second.device_words == first.device_words == "CPU, because it was asked for"


def test_a_found_reading_belongs_to_the_case_that_asks(make_volume: MakeVolume, small_bundle: Path) -> None:
    volume = make_volume()
    read(_request(volume, small_bundle, case_id="somebody", study_uid="1.2.3"))
    found = read(_request(volume, small_bundle, case_id="somebody else", study_uid="4.5.6"))
    assert found.is_from_cache
    assert found.reading.case == {"id": "somebody else", "study_uid": "4.5.6", "condition": None}
    kept = b"".join(path.read_bytes() for path in _entries())
    assert b"somebody" not in kept
    assert b"1.2.3" not in kept


@pytest.mark.parametrize("change", [{"seed": 1}, {"z_mm": 40.0}], ids=["other pixels", "another place"])
def test_what_differs_is_read_anew(make_volume: MakeVolume, small_bundle: Path, change: dict[str, float]) -> None:
    read(_request(make_volume(), small_bundle))
    assert not read(_request(make_volume(**change), small_bundle)).is_from_cache
    assert len(_entries()) == 2


def test_another_bundle_is_asked_anew(make_volume: MakeVolume, small_bundle: Path) -> None:
    volume = make_volume()
    read(_request(volume, small_bundle))
    manifest = small_bundle / "manifest.toml"
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(text.replace("most = 50", "most = 49"), encoding="utf-8")
    assert manifest.read_text(encoding="utf-8") != text
    assert not read(_request(volume, small_bundle)).is_from_cache


@pytest.mark.parametrize("damage", ["cut", "changed", "foreign"])
def test_a_damaged_entry_is_passed_over_and_replaced(make_volume: MakeVolume, small_bundle: Path, damage: str) -> None:
    request = _request(make_volume(), small_bundle)
    first = read(request)
    (entry,) = _entries()
    whole = entry.read_bytes()
    changed = whole[:100] + b"?" + whole[101:]
    entry.write_bytes({"cut": whole[:-9], "changed": changed, "foreign": b"something else"}[damage])
    second = read(request)
    assert not second.is_from_cache
    assert _digest(second) == _digest(first)
    assert read(request).is_from_cache


def test_without_the_cache_nothing_is_found_and_nothing_kept(make_volume: MakeVolume, small_bundle: Path) -> None:
    request = _request(make_volume(), small_bundle, use_cache=False)
    assert not read(request).is_from_cache
    assert not read(request).is_from_cache
    assert _entries() == []


@pytest.mark.skipif(os.name != "posix", reason="a file stands where the folder should be")
def test_a_cache_that_cannot_be_written_costs_a_note_and_no_reading(
    make_volume: MakeVolume, small_bundle: Path
) -> None:
    places = user_places()
    places.cache.mkdir(parents=True)
    (places.cache / "readings").write_bytes(b"")
    outcome = read(_request(make_volume(), small_bundle))
    assert outcome.reading.result in ("marks", "none")
    assert any(note.startswith("Not kept in the cache: ") for note in outcome.notes)
