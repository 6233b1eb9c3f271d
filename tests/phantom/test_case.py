"""The digital liver as its users see it: patients, slices, cases, truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from overread.core.errors import InputError
from overread.core.truth import Truth
from overread.phantom import (
    FIRST_FINDING,
    FIRST_LESION,
    KINDS,
    LABELS,
    SITES,
    Case,
    Patient,
    draw_patient,
    make_case,
)
from overread.phantom.artefacts import displaced, displacement
from overread.phantom.painting import label_of, paint_slice
from overread.phantom.patient import share_geometry
from overread.phantom.statement import state_truth

pytestmark = pytest.mark.light

SEED = 900_003


@pytest.fixture(scope="module")
def case() -> Case:
    return make_case("hbp", SEED)


@pytest.fixture(scope="module")
def patient(case: Case) -> Patient:
    return case.patient


def _positive_slice(case: Case) -> int:
    return case.truth.lesions[0].slices["t1-hbp"][0]


def test_same_seed_gives_the_same_bytes_whatever_was_drawn_before(case: Case) -> None:
    draw_patient("hbp", 5)
    again = draw_patient("hbp", SEED)
    chosen = [3, _positive_slice(case)]
    rendered = again.render(chosen)
    volume = case.reference
    stored = np.clip(np.rint((rendered.values - volume.intercept) / volume.slope), 0, 65535).astype(np.uint16)
    assert stored.tobytes() == volume.stored[chosen].tobytes()
    assert rendered.labels.tobytes() == volume.labels[chosen].tobytes()
    assert again.affine == volume.affine


def test_a_slice_is_the_same_alone_and_among_others_in_any_order(patient: Patient) -> None:
    alone, among = patient.render([40]), patient.render([41, 40, 12])
    assert np.array_equal(alone.values[0], among.values[1])
    assert np.array_equal(alone.labels[0], among.labels[1])


def test_lesion_centre_lies_in_its_mask_and_positive_slices_follow_the_area_rule(case: Case) -> None:
    affine, labels = case.reference.affine, case.reference.labels
    pixel_mm2 = float(np.prod(affine.spacing_mm[1:]))
    assert case.truth.targets
    for lesion in case.truth.targets:
        assert lesion.mask is not None
        k, j, i = np.rint(affine.to_index(lesion.centre_mm)).astype(int)
        assert labels[k, j, i] == lesion.mask.label >= FIRST_LESION
        areas = (labels == lesion.mask.label).sum(axis=(1, 2)) * pixel_mm2
        assert lesion.slices["t1-hbp"] == tuple(np.flatnonzero(areas >= 25).tolist())
        assert lesion.slivers["t1-hbp"] == tuple(np.flatnonzero((areas > 0) & (areas < 25)).tolist())
        assert lesion.volume_mm3 == pytest.approx(areas.sum() * affine.spacing_mm[0], rel=1e-3)
        assert np.sqrt(4 * areas.max() / np.pi) * 0.95 < lesion.diameter_mm < 70


def test_truth_survives_its_document_and_names_only_labels_that_are_there(case: Case) -> None:
    assert Truth.from_json(case.truth.to_json()) == case.truth
    assert case.truth.label == case.patient.label == "hcc"
    assert {"liver", "spleen", "kidney", "heart", "vessel"} <= set(case.truth.structures)
    for name, ref in case.truth.structures.items():
        assert LABELS[name] == ref.label
        assert np.any(case.reference.labels == ref.label)


@pytest.mark.parametrize("seed", [11, 12, 14])
def test_hcc_lies_inside_the_liver_and_is_big_enough_to_be_found(seed: int) -> None:
    patient = draw_patient("hbp", seed)
    twin = patient.without_lesions()
    organ = [LABELS[name] for name in ("liver", "vessel", "fissure", "aorta-ivc")]
    z = patient.volumes["t1-hbp"].view.z_mm
    for number, lesion in enumerate(patient.scene.lesions):
        if not lesion.sketch.is_target or lesion.is_exophytic:
            continue
        middle = int(np.argmin(np.abs(z - lesion.centre[2])))
        mask = patient.render([middle]).labels[0] == label_of(patient.scene, number)
        assert mask.sum() * np.prod(patient.affine.spacing_mm[1:]) >= 25
        before = twin.render([middle]).labels[0][mask]
        # A superficial lesion bulges the capsule: a part of it lies where fat was.
        assert (np.isin(before, organ) | (before >= FIRST_FINDING)).mean() > 0.7


def test_label_says_whether_a_target_can_be_seen() -> None:
    assert {draw_patient("hbp", seed, normals=1.0).label for seed in (1, 2)} == {"none"}
    healthy = make_case("hbp", 2, normals=1.0)
    assert healthy.truth.label == "none"
    assert healthy.truth.targets == ()
    assert not np.any(healthy.reference.labels >= FIRST_LESION)


@pytest.mark.parametrize(("kind", "site"), [(kind, site) for kind in KINDS for site in SITES[kind]])
def test_every_site_of_every_kind_gives_plausible_slices(kind: str, site: str) -> None:
    patient = draw_patient(kind, 77, site, matrix=128)
    for roles in share_geometry(patient):
        view = patient.volumes[roles[0]].view
        middle = view.shape[0] // 2
        rendered = patient.render_together(roles, [middle])
        assert view.affine.orientation == "axial"
        assert view.affine.normal[2] > 0.98
        for role in roles:
            values, labels = rendered[role].values[0], rendered[role].labels[0]
            liver = values[labels == LABELS["liver"]]
            assert np.all(np.isfinite(values))
            if role.startswith("ct"):
                assert 30 < np.median(liver) < 160
                assert values[:4, :4].max() < -500
            elif role == "adc":
                assert 500 < np.median(liver) < 2200
            else:
                assert np.median(liver) > 2 * np.median(values[:6, :6])


@pytest.mark.parametrize(
    ("kind", "roles"),
    [
        ("hbp", {"t1-hbp"}),
        ("multiphase", {"t1-pre", "t1-arterial", "t1-portal", "t2-fs"}),
        ("triage", {"t1-pre", "t1-arterial", "t1-portal", "t2-fs"}),
        ("ct-mvi", {"ct-pre", "ct-arterial", "ct-portal", "ct-delayed"}),
    ],
)
def test_a_study_has_the_volumes_its_systems_need(kind: str, roles: set[str]) -> None:
    volumes = draw_patient(kind, 31, matrix=64).volumes
    assert roles <= set(volumes)
    if kind in ("multiphase", "triage"):
        assert {v.protocol.sequence.b_value for r, v in volumes.items() if r.startswith("dwi")} >= {800.0} or any(
            r == "dwi:1000" for r in volumes
        )


def test_only_the_roles_slices_and_matrix_asked_for_are_drawn() -> None:
    patient = draw_patient("multiphase", 5, roles=("t2-fs", "dwi"), matrix=96)
    assert {role.split(":")[0] for role in patient.volumes} == {"t2-fs", "dwi"}
    drawn = patient.render([4, 5], "t2-fs")
    assert drawn.values.shape[0] == 2
    assert drawn.values.shape[2] == 96


@pytest.mark.slow
def test_breath_moves_the_same_lesion_between_series() -> None:
    case = make_case("triage", 12)
    lesion = max(case.truth.targets, key=lambda item: item.diameter_mm)
    assert lesion.mask is not None
    centres = {}
    for role in ("t2-fs", "t1-portal"):
        volume = case.volumes[role]
        voxels = np.argwhere(volume.labels == lesion.mask.label)
        centres[role] = volume.affine.to_mm(voxels.mean(axis=0))
        shift = np.array(case.patient.volumes[role].view.shift_mm)
        centres[role] = centres[role] - shift
    # Thick slices place a centre to about half a slice.
    half_slice = max(case.volumes[role].affine.spacing_mm[0] for role in centres) / 2 + 2
    assert np.linalg.norm(centres["t2-fs"] - centres["t1-portal"]) < half_slice


def test_unknown_kind_site_and_share_are_refused_in_one_sentence() -> None:
    for arguments in (("ultrasound", 1), ("hbp", 1, "mars"), ("hbp", 1, "internal", 1.5), ("hbp", -1)):
        with pytest.raises(InputError) as problem:
            draw_patient(*arguments)
        assert problem.value.remedy
    assert set(KINDS) == {"hbp", "multiphase", "triage", "ct-mvi"}


def test_every_ct_phase_has_noise_of_its_own() -> None:
    patient = draw_patient("ct-mvi", 7)
    index = patient.shape[0] // 2
    pictures = {}
    for role in ("ct-pre", "ct-arterial"):
        rendered = patient.render([index], role)
        values = rendered.values[0]
        grain = values - ndimage.uniform_filter(values, 7)
        pictures[role] = grain[200:320, 120:240]
    correlation = np.corrcoef(pictures["ct-pre"].ravel(), pictures["ct-arterial"].ravel())[0, 1]
    assert abs(correlation) < 0.5  # edges of organs are common to both; the grain is not
    spread = {role: float(np.median(np.abs(grain))) for role, grain in pictures.items()}
    difference = float(np.median(np.abs(pictures["ct-pre"] - pictures["ct-arterial"])))
    assert difference > 1.2 * min(spread.values())


def test_adc_map_is_that_of_the_diffusion_images_beside_it() -> None:
    patient = next(p for p in (draw_patient("triage", seed, matrix=128) for seed in range(40)) if "adc" in p.volumes)
    roles = sorted((r for r in patient.volumes if r.startswith("dwi:")), key=lambda r: float(r[4:]))
    low, high = roles[0], roles[-1]
    index = patient.volumes["adc"].view.shape[0] // 2
    made = patient.render_together((low, high, "adc"), [index])
    first, last = made[low].values[0], made[high].values[0]
    expected = 1e6 * np.log(np.maximum(first, 1e-6) / np.maximum(last, 1e-6)) / (float(high[4:]) - float(low[4:]))
    liver = made["adc"].labels[0] == LABELS["liver"]
    assert liver.sum() > 200
    assert np.median(np.abs(made["adc"].values[0][liver] - np.clip(expected[liver], 0, 4000))) < 1.0


def test_labels_follow_the_distortion_of_diffusion_images() -> None:
    patient = draw_patient("triage", 12)
    role = next(r for r in patient.volumes if r.startswith("dwi:"))
    view = patient.volumes[role].view
    index = view.shape[0] // 2
    layers, noise = paint_slice(patient.scene, view, index)
    pull = displacement(patient.volumes[role].how[0], view, layers, noise)
    assert pull is not None
    assert np.abs(pull).max() * view.protocol.pixel_mm > 1
    seen = patient.render([index], role).labels[0][view.crop]
    assert np.array_equal(seen, displaced(layers.labels, pull, is_label=True))


def test_a_target_that_no_slice_shows_stays_in_the_truth() -> None:
    patient = draw_patient("triage", 20_214, diameter_mm=(3, 4), matrix=64)
    rendered = patient.render()
    empty = np.where(rendered.labels >= FIRST_LESION, LABELS["liver"], rendered.labels).astype(np.uint8)
    truth = state_truth("case", patient, {patient.reference: (empty, patient.affine, empty)})
    assert truth.label == patient.label
    assert truth.targets
    for lesion, drawn in zip(truth.targets, patient.scene.lesions, strict=False):
        assert lesion.mask is None
        assert not lesion.visible
        index = patient.affine.to_index(lesion.centre_mm)
        view = patient.volumes[patient.reference].view
        assert view.z_mm[0] + index[0] * (view.z_mm[1] - view.z_mm[0]) == pytest.approx(drawn.centre[2], abs=0.01)


def test_roles_that_no_study_of_the_kind_has_are_refused() -> None:
    with pytest.raises(InputError, match="t1-portall"):
        draw_patient("multiphase", 1, roles=("t1-portall", "t2-fs"))
