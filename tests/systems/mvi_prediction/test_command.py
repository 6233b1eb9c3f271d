"""mvi-prediction from the command line: regions and facts from files, the answer in words, what cannot be used."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.systems.mvi_prediction.conftest import Drawn

from overread.cli.main import main
from overread.core.geometry import Grid
from overread.io import write_mask

MakeBundle = Callable[[str], Path]


@pytest.fixture
def files(drawn: Drawn, grid: Grid, tmp_path: Path) -> dict[str, str]:
    """Mask, marks, facts and things that are none of these."""
    write_mask(tmp_path / "mask.nii.gz", drawn.mask.astype("uint8"), grid.affine)
    lesion = drawn.region.lesions[0]
    marks = [{"centre_mm": list(c.centre_mm), "radius_mm": c.radius_mm} for c in lesion.circles]
    texts = {
        "marks.json": {"marks": marks},
        "far.json": {"marks": [{"centre_mm": [900, 0, 0], "radius_mm": 12}]},
        "facts.json": {"sex": "male", "age_y": 61, "afp_ng_ml": 35.5},
        "wrong.json": {"age_y": "old"},
    }
    for name, document in texts.items():
        (tmp_path / name).write_text(json.dumps(document), encoding="utf-8")
    return {name: str(tmp_path / name) for name in ("mask.nii.gz", *texts)}


def command(drawn: Drawn, bundle: Path, *more: str) -> list[str]:
    """The arguments of a reading on the CPU."""
    folder = str(Path(drawn.volume.slices[0].path).parent)
    words = ["read", folder, "--system", "mvi-prediction", "--bundle", str(bundle), "--engine", "torch"]
    return [*words, "--device", "cpu", "--no-cache", "--role", f"ct-arterial={drawn.volume.id}", *more]


def test_a_mask_and_the_circles_drawn_from_it_give_one_answer(
    drawn: Drawn, mvi_bundle: MakeBundle, files: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    answers = []
    for name in ("mask.nii.gz", "marks.json"):
        arguments = command(drawn, mvi_bundle("image"), "--region", files[name], "--json")
        assert main(arguments) == 0
        answers.append(json.loads(capsys.readouterr().out))
    assert answers[0]["result"] == "classes"
    assert answers[0]["rating"] == pytest.approx(answers[1]["rating"], abs=1e-6)


def test_the_answer_in_words_names_the_call_the_regions_and_what_was_not_given(
    drawn: Drawn, mvi_bundle: MakeBundle, files: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = mvi_bundle("image-factors")
    assert main(command(drawn, bundle, "--region", files["marks.json"], "--facts", files["facts.json"])) == 0
    said = capsys.readouterr().out
    assert "mvi-prediction image-factors: mvi" in said
    assert "at the default operating point of 0.50" in said
    assert "R1" in said
    assert "Not given, so that the training mean stands for it: child-pugh, hbsag, hcv." in said
    assert "not for diagnosis" in said


@pytest.mark.parametrize(
    ("option", "name", "sentence"),
    [
        ("--region", "far.json", "far.json cannot be used as a region: mark 1: its centre lies outside this volume"),
        ("--region", "facts.json", "facts.json cannot be used as a region: it has no list of marks"),
        ("--region", "absent.nii", "absent.nii cannot be read: there is no such file"),
        ("--facts", "wrong.json", "These facts cannot be used: age_y is 'old', not a number from 0 to 120 (years)"),
    ],
)
def test_a_file_that_cannot_be_used_ends_with_status_2_and_one_sentence(
    option: str,
    name: str,
    sentence: str,
    drawn: Drawn,
    mvi_bundle: MakeBundle,
    files: dict[str, str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    other = [] if option == "--region" else ["--region", files["marks.json"]]
    assert main(command(drawn, mvi_bundle("image"), *other, option, files.get(name, name))) == 2
    captured = capsys.readouterr()
    assert sentence in captured.err
    assert captured.out == ""


def test_without_a_region_the_reading_is_refused_and_written_all_the_same(
    drawn: Drawn, mvi_bundle: MakeBundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command(drawn, mvi_bundle("image"), "--out", str(tmp_path / "out"))) == 2
    document = json.loads((tmp_path / "out" / "reading.json").read_text(encoding="utf-8"))
    assert document["result"] == "refused"
    assert "nobody has circled the tumour" in capsys.readouterr().err
