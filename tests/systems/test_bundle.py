"""Bundles that are whole, and all the ways in which one is not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from overread.core.errors import BundleError
from overread.core.places import shipped_models
from overread.io.places import user_places
from overread.systems import find_bundle, load_bundle

SHIPPED = "hbp-detection-small"


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    folder = tmp_path / SHIPPED
    shutil.copytree(shipped_models() / SHIPPED, folder)
    return folder


def _edit(folder: Path, old: str, new: str) -> None:
    manifest = folder / "manifest.toml"
    text = manifest.read_text()
    assert old in text
    manifest.write_text(text.replace(old, new))


def test_the_shipped_bundle_is_whole_and_says_what_it_was_trained_on() -> None:
    bundle = find_bundle("hbp-detection")
    bundle.check_weights()
    assert bundle.caution == "Trained on phantoms, not for diagnosis."
    assert list(bundle.operating) == ["high-sensitivity", "default", "high-precision"]
    points = [p.threshold for p in bundle.operating.values()]
    assert points == sorted(points)
    assert "not measured on patients" in bundle.card


def test_shipped_bundles_stay_within_their_120_megabytes() -> None:
    assert sum(f.stat().st_size for f in shipped_models().rglob("*") if f.is_file()) < 120e6


def test_a_missing_weight_file_is_named(copied: Path) -> None:
    (copied / "weights.safetensors").unlink()
    with pytest.raises(
        BundleError, match=r"weight file weights\.safetensors cannot be read .*Install the bundle again\."
    ):
        load_bundle(copied).check_weights()


def test_a_single_changed_byte_in_the_weights_is_found(copied: Path) -> None:
    path = copied / "weights.safetensors"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(BundleError, match="is damaged or not the one it was released with"):
        load_bundle(copied).check_weights()


def test_a_newer_schema_is_not_guessed_at(copied: Path) -> None:
    _edit(copied, "overread.bundle/1", "overread.bundle/9")
    with pytest.raises(BundleError, match=r"its schema is .overread\.bundle/9"):
        load_bundle(copied)


def test_a_manifest_that_is_no_toml_is_damaged(copied: Path) -> None:
    (copied / "manifest.toml").write_bytes(b"\xff\xfe = [")
    with pytest.raises(BundleError, match="is damaged"):
        load_bundle(copied)


def test_a_manifest_without_a_table_names_it(copied: Path) -> None:
    _edit(copied, "[findings]", "[finding]")
    with pytest.raises(BundleError, match="lacks findings"):
        load_bundle(copied)


def test_the_users_own_bundle_comes_before_the_shipped_one(copied: Path) -> None:
    _edit(copied, 'version = "', 'version = "9.')
    own = user_places().bundles / SHIPPED
    own.parent.mkdir(parents=True)
    shutil.copytree(copied, own)
    assert find_bundle("hbp-detection").version.startswith("9.")


def test_an_unknown_variant_is_refused_with_the_way_to_get_one() -> None:
    with pytest.raises(BundleError, match="variant huge cannot run: no bundle of it is installed"):
        find_bundle("hbp-detection", "huge")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[operating.default]", "[operating.other]", "threshold"),
        ('weights = "weights', 'weights = "../weights', "not the name of a file beside it"),
        ("offset_px", "offset", "offset_px"),
        ("most = ", "few = ", "most"),
    ],
)
def test_a_manifest_that_lacks_a_figure_is_damaged(copied: Path, old: str, new: str, words: str) -> None:
    _edit(copied, old, new)
    with pytest.raises(BundleError, match=f"is damaged: .*{words}"):
        load_bundle(copied)


def test_a_card_in_another_encoding_is_shown_all_the_same(copied: Path) -> None:
    (copied / "CARD.md").write_bytes("# für Leser".encode("latin-1"))
    assert load_bundle(copied).card.startswith("# f")
