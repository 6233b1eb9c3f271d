"""The drawn patient: build, disease, liver, organs and vessels (PHANTOM 1, 2, 5)."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import pytest
from numpy.typing import NDArray

from overread.phantom.disease import Disease, draw_disease
from overread.phantom.lattice import STEP_MM, Field, Lattice
from overread.phantom.liver import Landmarks, draw_landmarks, fissures
from overread.phantom.person import Person, draw_person
from overread.phantom.scene import lay_out
from overread.phantom.segments import hepatic_trunks, shares
from overread.phantom.sites import SITE_TABLE
from overread.phantom.trees import depth
from overread.phantom.vessels import Vessels, grow_vessels

pytestmark = pytest.mark.light

SITE = SITE_TABLE["hbp"]["internal"]
SEEDS = range(300, 312)
HEALTHY, END_STAGE = (1.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0)


@dataclasses.dataclass(frozen=True)
class Patient:
    person: Person
    disease: Disease
    marks: Landmarks
    lattice: Lattice
    fields: dict[str, Field]
    vessels: Vessels

    def litres(self, name: str) -> float:
        return float(np.count_nonzero(self.fields[name].values < 0)) * STEP_MM**3 / 1e6


@functools.cache
def patient(seed: int, stages: tuple[float, float, float, float] = HEALTHY) -> Patient:
    disease = draw_disease(seed, stages, 1.0)
    person = draw_person(seed, SITE, disease.volume_ratio)
    marks = draw_landmarks(seed, person, disease)
    lattice, fields, _ = lay_out(person, disease, marks, seed)
    return Patient(person, disease, marks, lattice, fields, grow_vessels(lattice, fields, marks, person, disease, seed))


def middles(tree: NDArray[np.float64]) -> NDArray[np.float64]:
    return (tree[:, :3] + tree[:, 4:7]) / 2


def test_same_seed_gives_the_same_patient() -> None:
    first = patient(300)
    patient.cache_clear()
    second = patient(300)
    assert first.person == second.person
    assert np.array_equal(first.fields["liver"].values, second.fields["liver"].values)
    assert np.array_equal(first.vessels.portal, second.vessels.portal)


def test_fat_fractions_follow_the_prevalences() -> None:
    fat = np.array([draw_disease(seed, HEALTHY, 1.0).fat for seed in range(1500)])
    assert fat.min() >= 0.025
    assert np.mean(fat <= 0.05) == pytest.approx(0.62, abs=0.05)  # four standard errors of 1500 draws
    assert np.mean(fat > 0.20) == pytest.approx(0.04, abs=0.03)


def test_iron_is_absent_in_most_patients_and_positive_in_the_rest() -> None:
    iron = np.array([draw_disease(seed, HEALTHY, 1.0).iron_r2s for seed in range(1500)])
    assert np.mean(iron > 0) == pytest.approx(0.075, abs=0.028)
    assert np.all((iron == 0) | (iron > 30))


def test_cirrhosis_shrinks_the_right_lobe_and_enlarges_the_caudate() -> None:
    ends = [draw_disease(seed, END_STAGE, 1.0) for seed in range(200)]
    assert np.mean([d.right_lobe for d in ends]) == pytest.approx(0.82, abs=0.03)
    assert np.mean([d.caudate for d in ends]) == pytest.approx(3.2, abs=0.3)
    assert np.mean([d.lateral_segment for d in ends]) == pytest.approx(1.65, abs=0.2)


def test_disease_does_not_depend_on_draws_of_the_person() -> None:
    assert draw_disease(7, HEALTHY, 1.0) == draw_disease(7, HEALTHY, 1.0)
    assert draw_person(7, SITE, 1.0).bmi == draw_person(7, SITE, 0.7).bmi


@pytest.mark.parametrize("stages", [HEALTHY, END_STAGE])
def test_liver_reaches_its_drawn_volume_on_the_whole(stages: tuple[float, float, float, float]) -> None:
    ratios = [patient(seed, stages).litres("liver") * 1000 / patient(seed, stages).person.liver_ml for seed in SEEDS]
    assert np.median(ratios) == pytest.approx(1.0, abs=0.10)


def test_liver_is_one_piece() -> None:
    from scipy import ndimage

    for seed in SEEDS:
        assert ndimage.label(patient(seed).fields["liver"].values < 0)[1] == 1


def test_liver_lies_on_the_right_wall_and_never_in_it() -> None:
    for seed in SEEDS:
        drawn = patient(seed)
        liver, cavity = drawn.fields["liver"].values, drawn.fields["cavity"].values
        assert not np.any((liver < 0) & (cavity > 0))
        z, x = drawn.lattice.axis("z"), drawn.lattice.axis("x")
        rows = np.flatnonzero((z >= 0) & (z <= 40))
        ring = (cavity[rows] < -2) & (cavity[rows] > -8) & (x < 0)
        assert np.mean(liver[rows][ring] < 3) >= 0.30


def test_liver_stays_clear_of_kidney_heart_and_gallbladder() -> None:
    for seed in SEEDS:
        drawn = patient(seed)
        for name in ("kidney-right", "heart", "gallbladder"):
            if name in drawn.fields:
                k, j, i = drawn.fields[name].block
                assert not np.any((drawn.fields[name].values < -1) & (drawn.fields["liver"].values[k, j, i] < -1))


def test_end_stage_cirrhosis_moves_volume_to_the_left() -> None:
    def left_share(drawn: Patient) -> float:
        inside = np.argwhere(drawn.fields["liver"].values < 0)[:, ::-1] * STEP_MM + np.array(drawn.lattice.origin_mm)
        return float(np.mean(np.isin(drawn.vessels.segments.of(inside), (1, 2, 3))))

    healthy = np.mean([left_share(patient(seed)) for seed in SEEDS])
    assert np.mean([left_share(patient(seed, END_STAGE)) for seed in SEEDS]) > 1.2 * healthy


def test_spleen_is_hollow_towards_the_middle() -> None:
    from scipy.spatial import ConvexHull

    drawn = patient(301)
    field = drawn.fields["spleen"]
    inside = np.argwhere(field.values < 0)
    assert len(inside) / ConvexHull(inside).volume < 0.97


def test_hepatic_veins_meet_the_vena_cava_within_fifteen_millimetres() -> None:
    for seed in SEEDS:
        drawn = patient(seed)
        trunks = hepatic_trunks(drawn.lattice, drawn.fields["liver"], drawn.marks, seed)
        roots = np.array([trunks.right[0], trunks.middle[0], trunks.left[0]])
        assert np.ptp(roots[:, 2]) < 15
        for x, y, z in roots:
            cx, cy = drawn.marks.ivc(float(z))
            assert np.hypot(x - cx, y - cy) < max(drawn.marks.ivc_radii) + 4


def test_hepatic_trunks_are_long_and_taper() -> None:
    drawn = patient(302)
    trunks = hepatic_trunks(drawn.lattice, drawn.fields["liver"], drawn.marks, 302)
    assert np.linalg.norm(np.diff(trunks.right, axis=0), axis=1).sum() > 50
    near = np.linalg.norm(middles(drawn.vessels.hepatic) - trunks.right[0], axis=1) < 15
    far = np.linalg.norm(middles(drawn.vessels.hepatic) - trunks.right[-1], axis=1) < 15
    assert drawn.vessels.hepatic[near, 3].max() > 1.5 * drawn.vessels.hepatic[far, 3].max()


def test_fine_branches_stop_before_the_surface() -> None:
    for seed in SEEDS:
        drawn = patient(seed)
        for tree in (drawn.vessels.portal, drawn.vessels.hepatic):
            fine = tree[tree[:, 7] < 1.2]
            assert depth(drawn.lattice, drawn.fields["liver"], fine[:, 4:7]).min() >= 3.0


def test_every_portal_piece_continues_another() -> None:
    tree = patient(303).vessels.portal
    starts, ends = tree[:, :3], np.concatenate([tree[:, 4:7], patient(303).vessels.trunk_veins[:, 4:7]])
    gaps = np.linalg.norm(starts[:, None] - ends[None], axis=2).min(axis=1)
    assert np.mean(gaps < 0.1) > 0.98


def test_left_portal_vein_turns_to_the_front_in_the_fissure() -> None:
    drawn = patient(304)
    gaps = np.linalg.norm(middles(drawn.vessels.portal) - np.array(drawn.marks.umbilical), axis=1)
    assert drawn.vessels.portal[gaps < 6, 3].max() > 2.0


def test_cirrhosis_prunes_the_portal_tree() -> None:
    assert patient(305, END_STAGE).vessels.portal[:, 3].min() >= 1.2
    assert patient(305).vessels.portal[:, 3].min() < 0.9


def test_arteries_are_thinner_than_the_portal_branches_they_follow() -> None:
    vessels = patient(306).vessels
    for artery in vessels.arteries[::25]:
        gaps = np.linalg.norm(middles(vessels.portal) - artery[:3], axis=1)
        assert gaps.min() < 12
    assert vessels.arteries[:, 3].max() <= 1.6


def test_ligament_wedge_opens_to_the_front_and_ends_above_the_umbilical_turn() -> None:
    marks = patient(300).marks
    x, y = np.linspace(-60, 60, 241, dtype=np.float32)[None, :], np.array([[-70.0], [-95.0]], dtype=np.float32)
    widths = (fissures(marks, x, y, -12.0, 0.0) < 0).sum(axis=1)
    assert widths[1] > widths[0]
    assert not np.any(fissures(marks, x, y, marks.umbilical[2] + 40, 0.0) < 0)


def test_volume_shares_of_healthy_livers_are_those_of_anatomy() -> None:
    drawn = [patient(seed) for seed in SEEDS]
    mean = np.mean([shares(p.lattice, p.fields["liver"], p.vessels.segments) for p in drawn], axis=0)
    assert mean[0] == 0
    assert mean[1] == pytest.approx(0.025, abs=0.010)
    assert mean[2] + mean[3] == pytest.approx(0.17, abs=0.04)
    assert mean[4] == pytest.approx(0.14, abs=0.03)
    assert mean[5] + mean[8] == pytest.approx(0.37, abs=0.05)
    assert mean[6] + mean[7] == pytest.approx(0.30, abs=0.05)


def test_middle_hepatic_vein_lies_on_the_middle_plane() -> None:
    drawn = patient(300)
    trunks = hepatic_trunks(drawn.lattice, drawn.fields["liver"], drawn.marks, 300)
    assert np.abs(drawn.vessels.segments.middle.side(trunks.middle)).max() < 10
    assert np.abs(drawn.vessels.segments.right.side(trunks.right)).max() < 12
