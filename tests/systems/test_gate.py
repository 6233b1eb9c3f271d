"""What a gate says of headers, in words: let in, warned of, refused; and which volumes are chosen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tomli_w

from overread.core.errors import BundleError, GateRefusal, InputError
from overread.core.geometry import Affine
from overread.core.roles import Role
from overread.core.study import WARNING_CODES, FrameRef, Series, Study, Volume, VolumeWarning
from overread.io.places import user_places
from overread.systems import SYSTEMS, ReadRequest, System, check_gate, choose_volumes, find_bundle, gate_answer, read
from overread.systems.gate import check_headers, check_together, joined
from overread.systems.gate_limits import DEFAULTS, Gate, Range, gate_of
from overread.systems.gate_words import FIGURES

LIMITS = {
    "modality": ["MR"],
    "orientation": ["axial"],
    "slices": {"refuse_below": 8, "warn_below": 30},
    "spacing_mm": {"warn_above": 8.0},
    "roles": {"dwi": {"b_value": {"refuse_below": 500, "refuse_above": 1500}}},
}


def _gate(role: str | None = None) -> Gate:
    return gate_of(LIMITS, role, "a-system")


def _affine(k: float = 4.0, j: float = 1.2, i: float = 1.2, tilt_deg: float = 0.0) -> Affine:
    """Axial slices, turned about the axis from left to right."""
    turn = np.eye(4)
    c, s = np.cos(np.radians(tilt_deg)), np.sin(np.radians(tilt_deg))
    turn[1:3, 1:3] = [[c, -s], [s, c]]
    return Affine(turn @ np.diag([i, j, k, 1.0]))


def _volume(**change: object) -> Volume:
    volume = Volume(
        id="0123456789ab",
        kind="volume",
        shape=(40, 300, 320),
        affine=_affine(),
        orientation="axial",
        slices=tuple(FrameRef(f"f{k}") for k in range(40)),
        role=Role("t1-hbp", 0.95),
        modality="MR",
    )
    return replace(volume, **change)  # type: ignore[arg-type]


def test_an_axial_mr_volume_of_a_whole_liver_is_let_in_without_a_word() -> None:
    answer = check_headers(_volume(), _gate("t1-hbp"))
    assert (answer.verdict, answer.sentences) == ("accept", ())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"modality": "CT"}, "it is CT, not MR"),
        ({"modality": None}, "it is of unknown modality, not MR"),
        ({"orientation": "sagittal"}, "its slices are sagittal, not axial"),
        ({"shape": (3, 300, 320)}, "it has 3 slices, fewer than 8"),
        ({"shape": (1, 300, 320)}, "it has 1 slice, fewer than 8"),
        ({"shape": (40, 24, 320)}, "its slices have 24 rows or columns, fewer than 32"),
        ({"shape": (40, 300, 5000)}, "its slices have 5000 rows or columns, more than 4096"),
        ({"kind": "image", "affine": None}, "its slices have no position in the patient"),
        (
            {"kind": "stack", "warnings": (VolumeWarning("missing-slices", "2 slices are missing after slice 17."),)},
            "its slices form no regular volume (2 slices are missing after slice 17)",
        ),
        ({"affine": _affine(k=21)}, "its slices lie 21.0 mm apart, more than 20 mm"),
        ({"affine": _affine(k=0.4)}, "its slices cover 16 mm from first to last, less than 20 mm"),
        ({"affine": _affine(j=6, i=6)}, "its pixels are 6.00 mm wide, more than 5 mm"),
        ({"affine": _affine(j=0.3, i=0.3)}, "it shows 90 mm across, less than 100 mm"),
        ({"affine": _affine(tilt_deg=31)}, "its slices are tilted by 31°, more than 30°"),
        ({"role": Role("mask", 0.9)}, "it is a mask"),
        ({"role": Role("localiser", 0.9)}, "it is a localiser"),
        (
            {"warnings": (VolumeWarning("unknown-syntax", "The pixels are stored in a way nobody knows."),)},
            "The pixels are stored in a way nobody knows",
        ),
    ],
)
def test_what_is_not_read_is_said(change: dict[str, object], words: str) -> None:
    gate = replace(_gate("t1-hbp"), ranges={**_gate().ranges, "spacing_mm": Range(refuse_above=20)})
    answer = check_headers(_volume(**change), gate)
    assert answer.verdict == "refuse"
    assert words in answer.reasons
    assert answer.refusals
    assert all(sentence.endswith(".") and ". " in sentence for sentence in answer.refusals)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"shape": (25, 300, 320), "affine": _affine(k=6)}, "It has 25 slices, fewer than 30: "),
        ({"affine": _affine(k=9)}, "Its slices lie 9.0 mm apart, more than 8 mm: "),
        ({"affine": _affine(k=2)}, "Its slices cover 80 mm from first to last, less than 120 mm: "),
        ({"affine": _affine(j=0.7)}, "It shows 210 mm across, less than 220 mm: "),
        ({"affine": _affine(j=3, i=3), "shape": (40, 128, 128)}, "Its pixels are 3.00 mm wide, more than 2.5 mm: "),
        ({"affine": _affine(tilt_deg=-20)}, "Its slices are tilted by 20°, more than 15°: "),
        ({"modality": None, "file_format": "volume-file"}, "Its file does not say whether it is MR: "),
        (
            {"warnings": (VolumeWarning("inconsistent-rescale", "The scaling differs."),)},
            "The scaling differs. Look whether the brightness jumps from slice to slice.",
        ),
    ],
)
def test_what_is_unusual_is_read_with_a_warning(change: dict[str, object], words: str) -> None:
    answer = check_headers(_volume(**change), _gate("t1-hbp"))
    assert answer.verdict == "warn"
    assert answer.refusals == ()
    (sentence,) = answer.warnings
    assert sentence.startswith(words)


def test_slices_in_any_of_the_allowed_directions_are_let_in() -> None:
    coronal = Affine(np.array([[1.2, 0, 0, 0], [0, 0, 4.0, 0], [0, -1.2, 0, 0], [0, 0, 0, 1]]))
    gate = replace(_gate(), orientation=("axial", "coronal"))
    assert check_headers(_volume(affine=coronal, orientation="coronal"), gate).verdict == "accept"


@pytest.mark.parametrize(
    ("b_value", "verdict", "words"),
    [
        (800.0, "accept", ""),
        (50.0, "refuse", "its b-value is 50 s/mm², less than 500 s/mm²"),
        (2000.0, "refuse", "its b-value is 2000 s/mm², more than 1500 s/mm²"),
        (None, "refuse", "its b-value is not known"),
    ],
)
def test_a_role_with_a_b_value_asks_for_it(b_value: float | None, verdict: str, words: str) -> None:
    answer = check_headers(_volume(b_value=b_value, role=Role("dwi", 0.9)), _gate("dwi"))
    assert answer.verdict == verdict
    assert words in "; ".join(answer.reasons)
    assert check_headers(_volume(b_value=b_value), _gate("t1-hbp")).verdict == "accept"


def test_the_limits_of_a_role_stand_above_those_of_all() -> None:
    table = {"slices": {"refuse_below": 50}, "roles": {"t2": {"slices": {"refuse_below": 5}}}}
    assert check_headers(_volume(), gate_of(table, "t1-hbp")).verdict == "refuse"
    assert check_headers(_volume(), gate_of(table, "t2")).verdict == "accept"


def test_a_volume_that_is_missing_is_named_with_its_role() -> None:
    answer = check_together({"t2": _volume()}, ("t2", "dwi"), replace(_gate(), system="pair"))
    assert answer.refusals == (
        "There is no volume for dwi: pair reads t2, dwi together. Name it with --role dwi=VOLUME.",
    )


def test_volumes_of_two_places_are_warned_of() -> None:
    volumes = {"t2": _volume(frame_of_reference="1.2"), "dwi": _volume(frame_of_reference="1.3")}
    answer = check_together(volumes, ("t2", "dwi"), _gate())
    assert answer.verdict == "warn"
    assert "do not state one common frame of reference" in answer.sentences[0]


def test_refusals_come_first_and_nothing_is_said_twice() -> None:
    one = check_headers(_volume(affine=_affine(k=9), modality="CT"), _gate())
    both = joined([check_headers(_volume(affine=_affine(k=9)), _gate()), one, one])
    assert [r.level for r in both.remarks] == ["refuse", "warn"]
    assert both.sentences == both.refusals + both.warnings


def test_several_refusals_are_one_sentence() -> None:
    answer = check_headers(_volume(modality="CT", orientation="coronal"), _gate("t1-hbp"))
    with pytest.raises(GateRefusal) as caught:
        answer.raise_refusal(_gate("t1-hbp"))
    assert str(caught.value) == (
        "a-system does not read this t1-hbp volume: it is CT, not MR; its slices are coronal, not axial. "
        "Choose another volume for it."
    )


@pytest.mark.parametrize("table", [{"slice": {"refuse_below": 8}}, {"slices": {"below": 8}}, {"slices": 8}, {"b": 1}])
def test_a_gate_with_a_key_that_nobody_knows_is_a_fault_of_the_bundle(table: dict[str, object]) -> None:
    with pytest.raises(BundleError, match="its manifest is damaged: gate"):
        gate_of(table)


def test_every_figure_has_limits_and_words_and_every_warning_of_a_scan_a_meaning() -> None:
    assert set(DEFAULTS) == set(FIGURES)
    for code in WARNING_CODES:
        answer = check_headers(_volume(warnings=(VolumeWarning(code, "Something is odd."),)), _gate())
        assert answer.sentences[0].startswith("Something is odd. ")


def test_limits_are_let_in_themselves() -> None:
    limits = Range(refuse_below=1, warn_below=2, warn_above=3, refuse_above=4)
    verdicts = [limits.verdict(v) for v in (0.9, 1, 1.9, 2, 3, 3.1, 4, 4.1)]
    assert [None if v is None else v[0] for v in verdicts] == [
        "refuse", "warn", "warn", None, None, "warn", "warn", "refuse"]  # fmt: skip


def test_the_window_asks_by_the_id_of_the_system() -> None:
    assert gate_answer("hbp-detection", _volume()).verdict == "accept"
    assert check_gate("hbp-detection", _volume()) == []
    assert check_gate("hbp-detection", _volume(modality="CT")) == ["it is CT, not MR"]


def test_a_request_without_the_volume_it_needs_gives_a_refused_reading() -> None:
    reading = read(ReadRequest("hbp-detection", ())).reading
    assert reading.result == "refused"
    (message,) = reading.messages
    assert message.text == (
        "hbp-detection does not read this volume: there is no volume for t1-hbp. Name it with --role t1-hbp=VOLUME."
    )


def _study(*volumes: Volume) -> Study:
    return Study("1.2", None, None, (Series("1.2.3", "MR", 1, "x", volumes),))


def test_the_one_sure_volume_is_taken() -> None:
    chosen = choose_volumes(_study(_volume(), _volume(id="other0000000", role=Role("t2", 0.9))), "hbp-detection", {})
    assert [(r, v.id) for r, v in chosen] == [("t1-hbp", "0123456789ab")]


def test_the_axial_one_of_two_hepatobiliary_series_is_taken() -> None:
    coronal = _volume(id="coronal00000", orientation="coronal")
    chosen = choose_volumes(_study(coronal, _volume()), "hbp-detection", {})
    assert [v.id for _, v in chosen] == ["0123456789ab"]


@pytest.mark.parametrize(
    ("volumes", "words"),
    [
        ((_volume(role=Role("t1-hbp", 0.5), description="late"),), r"only a guess \(late\)"),
        ((_volume(role=Role(None)),), r"no volume of this study \(it is MR\) is known to be t1-hbp"),
        ((_volume(), _volume(id="other0000000")), "2 volumes of this study are t1-hbp"),
    ],
)
def test_no_system_starts_on_a_guess(volumes: tuple[Volume, ...], words: str) -> None:
    with pytest.raises(GateRefusal, match=words):
        choose_volumes(_study(*volumes), "hbp-detection", {})


def test_a_persons_word_counts() -> None:
    guess = _volume(role=Role("t1-hbp", 0.5))
    assert choose_volumes(_study(guess), "hbp-detection", {"t1-hbp": guess}) == (("t1-hbp", guess),)


def test_a_role_the_system_does_not_have_is_refused() -> None:
    with pytest.raises(InputError, match="hbp-detection reads t1-hbp"):
        choose_volumes(_study(_volume()), "hbp-detection", {"t2": _volume()})


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> str:
    """A system of two roles, with a bundle in the user's folder."""
    system = System("pair", "Two roles", "Reads two.", "nobody", ("t2", "dwi"), ("hcc",), (), "nowhere:read", tables=())
    monkeypatch.setitem(SYSTEMS, "pair", system)
    shipped = find_bundle("hbp-detection").manifest
    manifest = {
        "bundle": {**shipped["bundle"], "system": "pair"},
        "input": {**shipped["input"], "roles": ["t2", "dwi"]},
        "gate": LIMITS,
        "network": shipped["network"],
    }
    folder: Path = user_places().bundles / "pair-small"
    folder.mkdir(parents=True)
    (folder / "manifest.toml").write_text(tomli_w.dumps(manifest))
    return "pair"


def test_the_diffusion_images_of_the_right_b_value_are_taken(pair: str) -> None:
    t2 = _volume(id="t20000000000", role=Role("t2", 0.9))
    low, high = (_volume(id=f"b{b:011d}", role=Role("dwi", 0.9), b_value=float(b)) for b in (0, 800))
    assert [v.id for _, v in choose_volumes(_study(low, t2, high), pair, {})] == [t2.id, high.id]


def test_a_person_can_say_the_b_value_that_no_header_states(pair: str) -> None:
    t2 = _volume(id="t20000000000", role=Role("t2", 0.9))
    silent = _volume(id="silent000000", role=Role("dwi", 0.9))
    chosen = dict(choose_volumes(_study(t2, silent), pair, {"dwi:800": silent}))
    assert chosen["dwi"].b_value == 800
    assert gate_answer(pair, chosen["dwi"], "dwi").verdict == "accept"
    assert gate_answer(pair, silent, "dwi").verdict == "refuse"


@pytest.mark.parametrize(
    ("word", "words"), [("dwi:much", "is no b-value"), ("dwi:800", "the header of this volume states b 50")]
)
def test_a_b_value_that_is_none_or_contradicts_the_header_is_refused(pair: str, word: str, words: str) -> None:
    stated = _volume(b_value=50.0)
    with pytest.raises(InputError, match=words):
        choose_volumes(_study(stated), pair, {word: stated})


def test_the_documentation_states_every_default_limit() -> None:
    text = (Path(__file__).parents[2] / "docs" / "bundles.md").read_text(encoding="utf-8")
    rows = {cells[1].strip(" `"): cells[3:7] for line in text.splitlines() if len(cells := line.split("|")) == 8}
    for key, limits in DEFAULTS.items():
        stated = [float(cell) if cell.strip() else None for cell in rows[key]]
        assert stated == [limits.refuse_below, limits.warn_below, limits.warn_above, limits.refuse_above], key
