"""The digital liver as its users see it: patients, slices, cases, truth."""

from __future__ import annotations

import numpy as np
import pytest

from overread.core.errors import InputError
from overread.core.truth import Truth
from overread.phantom import FIRST_LESION, KINDS, LABELS, SITES, Case, Patient, draw_patient, make_case

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
    stored = np.clip(np.rint((rendered.values - case.intercept) / case.slope), 0, 65535).astype(np.uint16)
    assert stored.tobytes() == case.stored[chosen].tobytes()
    assert rendered.labels.tobytes() == case.labels[chosen].tobytes()
    assert again.affine == case.affine


def test_a_slice_is_the_same_alone_and_among_others_in_any_order(patient: Patient) -> None:
    alone, among = patient.render([40]), patient.render([41, 40, 12])
    assert np.array_equal(alone.values[0], among.values[1])
    assert np.array_equal(alone.labels[0], among.labels[1])


def test_lesion_centre_lies_in_its_mask_and_positive_slices_follow_the_area_rule(case: Case) -> None:
    pixel_mm2 = float(np.prod(case.affine.spacing_mm[1:]))
    assert case.truth.lesions
    for lesion in case.truth.lesions:
        assert lesion.mask is not None
        k, j, i = np.rint(case.affine.to_index(lesion.centre_mm)).astype(int)
        assert case.labels[k, j, i] == lesion.mask.label >= FIRST_LESION
        areas = (case.labels == lesion.mask.label).sum(axis=(1, 2)) * pixel_mm2
        assert lesion.slices["t1-hbp"] == tuple(np.flatnonzero(areas >= 25).tolist())
        assert lesion.volume_mm3 == pytest.approx(areas.sum() * case.affine.spacing_mm[0], rel=1e-3)
        assert np.sqrt(4 * areas.max() / np.pi) * 0.95 < lesion.diameter_mm < 60


def test_truth_survives_its_document_and_names_only_labels_that_are_there(case: Case) -> None:
    assert Truth.from_json(case.truth.to_json()) == case.truth
    assert case.truth.label == case.patient.label == "hcc"
    assert {"liver", "spleen", "kidney", "heart", "vessel"} <= set(case.truth.structures)
    for name, ref in case.truth.structures.items():
        assert LABELS[name] == ref.label
        assert np.any(case.labels == ref.label)


@pytest.mark.parametrize("seed", [11, 12, 14])
def test_hcc_lies_inside_the_liver_and_is_big_enough_to_be_found(seed: int) -> None:
    patient = draw_patient("hbp", seed)
    twin = patient.without_lesions()
    organ = [LABELS[name] for name in ("liver", "vessel", "cyst", "fissure")]
    for number, tumour in enumerate(patient.scene.tumours):
        middle = int(np.argmin(np.abs(patient.scene.z_mm - tumour.centre[2])))
        mask = patient.render([middle]).labels[0] == FIRST_LESION + number
        assert mask.sum() * np.prod(patient.affine.spacing_mm[1:]) >= 25
        assert np.isin(twin.render([middle]).labels[0][mask], organ).mean() > 0.98


def test_erased_twin_has_the_same_noise_and_differs_where_the_lesion_was() -> None:
    patient = draw_patient("hbp", 14)
    twin = patient.without_lesions()
    middle = int(np.argmin(np.abs(patient.scene.z_mm - patient.scene.tumours[0].centre[2])))
    with_lesion, without = patient.render([middle]), twin.render([middle])
    mask = with_lesion.labels[0] >= FIRST_LESION
    assert not np.any(without.labels >= FIRST_LESION)
    assert twin.label == "none"
    change = np.abs(with_lesion.values[0] - without.values[0])
    liver = float(np.median(without.values[0][without.labels[0] == LABELS["liver"]]))
    assert np.median(change[mask]) > 0.05 * liver
    # The k-space window smears what changed; two lesion widths away nothing but its ringing is left.
    rows, columns = np.nonzero(mask)
    j, i = np.indices(mask.shape)
    distance = np.hypot(j - rows.mean(), i - columns.mean())
    far = distance > 3 * np.sqrt(mask.sum() / np.pi) + 12
    assert np.quantile(change[far], 0.99) < 0.01 * liver
    untouched = [1, patient.shape[0] - 1]
    assert np.array_equal(patient.render(untouched).values, twin.render(untouched).values)


def test_share_of_normals_is_kept_and_says_nothing_about_cysts_or_cirrhosis() -> None:
    from overread.phantom.disease import draw_disease
    from overread.phantom.noise import stream

    shares = (0.5, 0.43, 0.06, 0.01)
    has_hcc = np.array([stream(seed, "label").random() >= 0.3 for seed in range(2000)])
    disease = [draw_disease(seed, shares, 1.0) for seed in range(2000)]
    assert has_hcc.mean() == pytest.approx(0.7, abs=0.04)
    for sign in ([d.cysts > 0 for d in disease], [d.stage > 0 for d in disease]):
        share = np.array(sign)
        # Standard error of the difference of two shares near 0.45 with 1400 and 600 patients: 0.024.
        assert share[has_hcc].mean() == pytest.approx(share[~has_hcc].mean(), abs=0.08)
    labels = {draw_patient("hbp", seed, normals=1.0).label for seed in (1, 2)}
    assert labels == {"none"}


@pytest.mark.parametrize("site", SITES["hbp"])
def test_every_site_gives_a_plausible_stack(site: str) -> None:
    patient = draw_patient("hbp", 77, site)
    slices, rows, columns = patient.shape
    assert 80 <= slices <= 110
    assert 200 <= rows <= 400
    assert 256 <= columns <= 400
    rendered = patient.render([slices // 2])
    liver = rendered.values[0][rendered.labels[0] == LABELS["liver"]]
    air = rendered.values[0][:8, :8]
    assert np.all(np.isfinite(rendered.values))
    assert np.median(liver) > 4 * np.median(air)
    assert np.median(liver) > 1.05 * np.median(rendered.values[0][rendered.labels[0] == LABELS["muscle"]])
    assert patient.affine.orientation == "axial"
    assert patient.affine.normal[2] > 0.98


def test_unknown_kind_site_and_share_are_refused_in_one_sentence() -> None:
    for arguments in (("ct", 1), ("hbp", 1, "mars"), ("hbp", 1, "internal", 1.5), ("hbp", -1)):
        with pytest.raises(InputError) as problem:
            draw_patient(*arguments)
        assert problem.value.remedy
    assert KINDS == ("hbp",)
