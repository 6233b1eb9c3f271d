"""Bundles that are whole, and all the ways in which one is not."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import pytest

from overread.core.errors import BundleError, StorageError
from overread.core.places import shipped_models
from overread.engines import choice
from overread.io.places import user_places
from overread.systems import find_bundle, installed_bundles, load_bundle, record_evaluation
from overread.systems.bundle import check_name

SHIPPED = "hbp-detection-small"


def _shipped() -> list[str]:
    """Folders of the bundles that come with the program."""
    return sorted(folder.name for folder in shipped_models().iterdir())


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
    _edit(own, 'version = "9.', 'version = "8.')
    assert find_bundle("hbp-detection").version.startswith("8."), "a manifest written anew is read anew"


def test_an_unknown_variant_is_refused_with_the_way_to_get_one() -> None:
    with pytest.raises(BundleError, match="variant huge cannot run: no bundle of it is installed"):
        find_bundle("hbp-detection", "huge")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[operating.default]", "[operating.other]", "it lacks operating.default"),
        ('weights = "weights', 'weights = "../weights', "not the name of a .safetensors or .onnx file beside it"),
        ("offset_px", "offset", "it lacks placing.offset_px"),
        ("most = ", "few = ", "it lacks findings.most"),
        ("refuse_below", "refuse_under", "gate.slices.refuse_under is no key that this version knows"),
    ],
)
def test_a_manifest_that_lacks_a_figure_is_damaged(copied: Path, old: str, new: str, words: str) -> None:
    _edit(copied, old, new)
    with pytest.raises(BundleError, match=f"is damaged: .*{words}"):
        load_bundle(copied)


def test_a_card_in_another_encoding_is_shown_all_the_same(copied: Path) -> None:
    (copied / "CARD.md").write_bytes("# für Leser".encode("latin-1"))
    assert load_bundle(copied).card.startswith("# f")


def test_a_huge_card_is_read_up_to_a_limit(copied: Path) -> None:
    (copied / "CARD.md").write_bytes(b"x" * (3 << 20))
    assert len(load_bundle(copied).card) == 1 << 20


def test_a_weight_file_that_is_no_file_is_named(copied: Path) -> None:
    (copied / "weights.safetensors").unlink()
    (copied / "weights.safetensors").mkdir()
    with pytest.raises(BundleError, match=r"its weight file weights\.safetensors is no plain file"):
        load_bundle(copied).check_weights()


def _install(source: Path, name: str) -> Path:
    folder = user_places().bundles / name
    shutil.copytree(source, folder)
    return folder


def test_every_bundle_is_listed_with_the_reason_why_it_cannot_run(copied: Path) -> None:
    for name, old, new in (
        ("a-newer", "overread.bundle/1", "overread.bundle/2"),
        ("b-later", 'variant = "', 'needs = "99.0"\nvariant = "'),
        ("c-foreign", '"hbp-detection"', '"liver-fat"'),
        ("d-other-roles", "t1-hbp", "ct-portal"),
        ("e-damaged", "[findings]", "[findings"),
    ):
        _edit(_install(copied, name), old, new)
    (_install(copied, "f-no-weights") / "weights.safetensors").unlink()
    (_install(copied, "g-no-manifest") / "manifest.toml").unlink()
    (user_places().bundles / "h-empty").mkdir()
    (user_places().bundles / "i-file").write_text("nothing")
    found = {f.folder.name: f for f in installed_bundles()}
    reasons = {
        "a-newer": "its schema is 'overread.bundle/2', this version reads overread.bundle/1",
        "b-later": "it needs Overread 99.0 or newer",
        "c-foreign": "it belongs to the system 'liver-fat', which this version does not have",
        "d-other-roles": "it reads ct-portal, and hbp-detection reads t1-hbp",
        "e-damaged": "its manifest.toml is damaged",
        "f-no-weights": "its weight file weights.safetensors cannot be read",
        "g-no-manifest": "its manifest.toml cannot be read",
    }
    assert list(found) == [*reasons, *_shipped()]
    for name, words in reasons.items():
        assert words in str(found[name].reason)
        assert found[name].origin == "user"
    assert found[SHIPPED].reason is None
    assert found["c-foreign"].system == "liver-fat"
    assert (found["e-damaged"].system, found["a-newer"].variant) == (None, "small")


def test_the_listing_says_which_of_several_bundles_is_used(copied: Path) -> None:
    _edit(_install(copied, "z-mine"), 'variant = "small"', 'variant = "other"')
    _install(copied, "own-small")
    bundles = [f for f in installed_bundles() if f.system == "hbp-detection"]
    found = {f.folder.name: (f.is_used, f.is_first) for f in bundles}
    assert found == {"own-small": (True, True), "z-mine": (True, False), SHIPPED: (False, False)}
    assert find_bundle("hbp-detection").folder.name == "own-small"
    assert find_bundle("hbp-detection", "other").folder.name == "z-mine"


def test_an_external_model_is_listed_with_the_extra_that_it_needs(
    copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _edit(copied, '"weights.safetensors"', '"model.onnx"')
    _edit(copied, 'name = "kim-11"', 'name = "onnx"')
    (copied / "model.onnx").write_bytes(b"looked for, not opened")
    _install(copied, "theirs")
    monkeypatch.setattr(choice, "onnx_is_installed", lambda: True)
    assert installed_bundles()[0].reason is None
    monkeypatch.setattr(choice, "onnx_is_installed", lambda: False)
    assert "optional extra" in str(installed_bundles()[0].reason)


def test_changed_weights_are_found_only_when_they_are_compared(copied: Path) -> None:
    path = _install(copied, "own") / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\0\0")
    assert installed_bundles()[0].reason is None
    assert "is damaged or not the one it was released with" in str(installed_bundles(check_weights=True)[0].reason)


def test_a_bundle_folder_that_cannot_be_looked_into_does_no_harm(own_home: Path) -> None:
    (own_home / "data").mkdir(parents=True)
    (own_home / "data" / "models").write_text("a file where a folder should be")
    assert [f.folder.name for f in installed_bundles()] == _shipped()


def test_unless_a_variant_is_named_the_first_of_the_papers_is_taken() -> None:
    by_system = {f.system: f.variant for f in installed_bundles() if f.is_first}
    assert by_system["mvi-prediction"] == "image-factors"
    assert by_system["noncontrast-triage"] == "t2-dwi"
    for system, variant in by_system.items():
        assert system is not None
        assert find_bundle(system).variant == variant


def test_a_control_laid_beside_a_bundle_does_not_make_it_another(copied: Path) -> None:
    before = load_bundle(copied)
    text = (copied / "manifest.toml").read_text(encoding="utf-8")
    (copied / "manifest.toml").write_text(text.split("[control]")[0], encoding="utf-8")
    after = load_bundle(copied)
    assert before.control_path is not None
    assert after.control_path is None
    assert after.digest == before.digest


def test_an_evaluation_is_kept_in_the_manifest_and_the_digest_stays(copied: Path) -> None:
    before = load_bundle(copied)
    table = {"test_set": "internal, 150 phantoms", "n": {"cases": 150}, "slice_auc": [0.95, 0.93, 0.97]}
    after = record_evaluation(before, "internal", table)
    assert after.evaluations["internal"] == table
    assert after.digest == before.digest == load_bundle(copied).digest
    assert {k: v for k, v in after.manifest.items() if k != "evaluation"} == {
        k: v for k, v in before.manifest.items() if k != "evaluation"
    }
    assert after.evaluations["validation"] == before.evaluations["validation"]
    again = record_evaluation(before, "internal", table | {"slice_auc": [0.9, 0.8, 1.0]})
    assert again.evaluations["internal"]["slice_auc"] == [0.9, 0.8, 1.0]
    assert sorted(p.name for p in copied.iterdir()) == sorted(p.name for p in (shipped_models() / SHIPPED).iterdir())


@pytest.mark.parametrize(
    ("name", "table", "words"),
    [
        ("a b", {}, "the name of evaluation.a b is 'a b', not a short name"),
        ("x", {"slice_auc": [0.9]}, "evaluation.x.slice_auc has 1 entries, not 3"),
        ("x", {"slice_auc": None}, "NoneType"),
        ("x", {"test_set": object()}, "object"),
    ],
)
def test_an_evaluation_that_has_no_place_in_a_manifest_is_refused(
    copied: Path, name: str, table: dict[str, object], words: str
) -> None:
    raw = (copied / "manifest.toml").read_bytes()
    with pytest.raises(BundleError, match=words):
        record_evaluation(load_bundle(copied), name, table)
    assert (copied / "manifest.toml").read_bytes() == raw


def test_an_evaluation_of_a_bundle_that_was_replaced_meanwhile_is_refused(copied: Path) -> None:
    bundle = load_bundle(copied)
    _edit(copied, 'version = "', 'version = "9.')
    with pytest.raises(BundleError, match="its manifest has been changed since it was read"):
        record_evaluation(bundle, "internal", {})


def test_a_manifest_without_room_for_the_evaluation_stays_as_it_was(copied: Path) -> None:
    """A limit on the size of files stands for the full disk: the operating system refuses the same write."""
    resource = pytest.importorskip("resource")
    bundle, raw = load_bundle(copied), (copied / "manifest.toml").read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(StorageError, match=r"manifest\.toml cannot be written"):
            record_evaluation(bundle, "internal", {"slice_auc": [0.9, 0.8, 1.0]})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert (copied / "manifest.toml").read_bytes() == raw
    assert not list(copied.glob(".*"))


def test_a_name_that_cannot_stand_in_a_manifest_is_refused_before_the_work(copied: Path) -> None:
    before = (copied / "manifest.toml").read_bytes()
    check_name(load_bundle(copied), "internal")
    with pytest.raises(BundleError, match="cannot be kept"):
        check_name(load_bundle(copied), "a name / with anything")
    assert (copied / "manifest.toml").read_bytes() == before
