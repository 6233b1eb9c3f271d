"""Twins: what a lesion changes, and what it must not (PHANTOM 11, seam and twin tests)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from overread.phantom import FIRST_LESION, Patient, draw_patient
from overread.phantom.headers import contrast_attributes, draw_habits
from overread.phantom.lesions.structure import build
from overread.phantom.painting import paint_slice
from overread.phantom.scene import Scene, with_lesions
from overread.phantom.views import View

pytestmark = pytest.mark.light

SEED = 900_003
SMALL_MM = (9.0, 13.0)
ROLES = {"hbp": "t1-hbp", "triage": "t2-fs", "ct-mvi": "ct-arterial"}


def _drawn(kind: str, seed: int, normals: float = 0.0) -> Patient:
    return draw_patient(kind, seed, normals=normals, diameter_mm=SMALL_MM, roles=(ROLES[kind],), matrix=96)


def _with_one_deep_lesion(kind: str, seed: int = SEED) -> Patient:
    """A patient whose first lesion, and no other, lies where the liver is deepest."""
    patient = _drawn(kind, seed)
    scene = patient.scene
    field = scene.body.fields["liver"]
    x, y, z = (axis.ravel() for axis in scene.body.lattice.coordinates(field.block))
    k, j, i = np.unravel_index(int(np.argmin(field.values)), field.values.shape)
    lesion = build(
        scene.lesions[0].sketch,
        (float(x[i]), float(y[j]), float(z[k])),
        0,
        scene.tissues,
        scene.shared,
        scene.body.disease,
        seed,
    )
    return replace(patient, scene=with_lesions(scene, (replace(lesion, is_exophytic=False),)))


def _view(patient: Patient) -> View:
    return patient.volumes[patient.reference].view


def _middle(patient: Patient) -> int:
    """The slice through the centre of the first lesion."""
    return int(np.argmin(np.abs(_view(patient).z_mm - patient.scene.lesions[0].centre[2])))


def _plain(patient: Patient, scene: Scene, index: int) -> NDArray[np.float32]:
    """Water and fat of a slice before coil, k-space and noise [2, rows, columns of the crop]."""
    view = _view(patient)
    layers, _ = paint_slice(scene, view, index)
    return np.stack(layers.render(patient.volumes[patient.reference].looks[-1]))


@pytest.mark.parametrize("kind", ROLES)
def test_a_lesion_made_of_liver_leaves_no_trace(kind: str) -> None:
    # Vessels and texture are left out: a lesion hides the vessels within it and has a grain of its own.
    patient = _with_one_deep_lesion(kind)
    drawn = patient.scene
    trees = {name: pieces[:0] for name, pieces in drawn.trees.items()}
    even = replace(drawn.body.disease, texture=0.0, uneven_uptake=0.0, net=0.0)
    bare = replace(drawn, body=replace(drawn.body, disease=even, trees=trees), trees=trees)
    (lesion,) = drawn.lesions
    liver = drawn.tissues["liver"]
    same = replace(lesion, body="same", parts=(), around=(), tissues={"same": liver}, texture=0.0, push_mm=0.0)
    volume = patient.volumes[patient.reference]
    look = replace(
        volume.looks[-1],
        water={**volume.looks[-1].water, "same": volume.looks[-1].water["liver"]},
        fat={**volume.looks[-1].fat, "same": volume.looks[-1].fat.get("liver", 0.0)},
        weights={},
    )
    shown = replace(patient, volumes={patient.reference: replace(volume, looks=(look,))})
    index = _middle(patient)
    with_it, without = with_lesions(bare, (same,)), with_lesions(bare, ())
    layers, _ = paint_slice(with_it, _view(patient), index)
    assert np.count_nonzero(layers.labels >= FIRST_LESION) > 0
    difference = np.abs(_plain(shown, with_it, index) - _plain(shown, without, index))
    # Blending liver into liver rounds in the last place of float32.
    assert difference.max() <= 2e-6 * np.abs(_plain(shown, without, index)).max()


@pytest.mark.parametrize("kind", ROLES)
def test_before_noise_a_lesion_changes_nothing_beyond_its_mass_effect(kind: str) -> None:
    patient = _with_one_deep_lesion(kind)
    twin, view, index = patient.without_lesions(), _view(patient), _middle(patient)
    (lesion,) = patient.scene.lesions
    x, y, _ = lesion.centre
    away = np.hypot(view.x_mm[None, view.crop[1]] - x, view.y_mm[view.crop[0], None] - y)
    before, after = _plain(patient, twin.scene, index), _plain(patient, patient.scene, index)
    difference = np.abs(after - before).max(axis=0)
    level = float(np.median(before[before > 0]))
    assert difference[away < lesion.radius].max() > 0.01 * level
    # Vessels are pushed by radius * .9 * exp(-(distance / 1.1 radius)^2): below a micrometre from 4 radii on.
    zone = max(4 * lesion.radius, lesion.reach_mm + 20)
    assert difference[away > zone].max() < 1e-3 * level


@pytest.mark.parametrize("kind", ROLES)
def test_slices_far_from_a_lesion_are_the_same_bytes_with_noise_as_without_it(kind: str) -> None:
    patient = _with_one_deep_lesion(kind)
    twin, view = patient.without_lesions(), _view(patient)
    (lesion,) = patient.scene.lesions
    # From 7 radii on the push is lost in the last place of float64.
    far = np.flatnonzero(np.abs(view.z_mm - lesion.centre[2]) > max(7 * lesion.radius, lesion.reach_mm + 30))
    assert len(far) > 0
    chosen = [int(far[0]), int(far[-1])]
    assert patient.render(chosen).values.tobytes() == twin.render(chosen).values.tobytes()
    middle = [_middle(patient)]
    assert patient.render(middle).values.tobytes() != twin.render(middle).values.tobytes()


def test_noise_of_a_slice_does_not_depend_on_the_lesion_in_it() -> None:
    compared = 0
    for seed in range(SEED, SEED + 4):
        patient = _with_one_deep_lesion("hbp", seed)
        index = _middle(patient)
        corners = [p.render([index]).values[0, :6, :6] for p in (patient, patient.without_lesions())]
        if corners[0].std() > 0:  # some scanners blank the air
            # A lesion reaches the corner only through the ripple of the k-space window.
            assert np.corrcoef(corners[0].ravel(), corners[1].ravel())[0, 1] > 0.98
            compared += 1
    assert compared > 0


@pytest.mark.parametrize("seed", [900_001, 900_002, 900_004])
def test_with_and_without_hcc_a_seed_has_the_same_person_liver_and_headers(seed: int) -> None:
    diseased, healthy = _drawn("hbp", seed), _drawn("hbp", seed, normals=1.0)
    assert (diseased.label, healthy.label) == ("hcc", "none")
    one, other = diseased.scene.body, healthy.scene.body
    assert one.person == other.person
    assert one.disease == other.disease
    assert one.marks == other.marks
    assert set(one.fields) == set(other.fields)
    for name, field in one.fields.items():
        assert np.array_equal(field.values, other.fields[name].values), name
    for name, pieces in one.trees.items():
        assert np.array_equal(pieces, other.trees[name]), name
    protocols = [patient.volumes["t1-hbp"].protocol for patient in (diseased, healthy)]
    assert protocols[0] == protocols[1]
    assert diseased.affine == healthy.affine
    assert diseased.shape == healthy.shape
    habits = [draw_habits(seed, p.vendor, p.language) for p in protocols]
    assert contrast_attributes(protocols[0].agent, seed, habits[0], 0.0) == contrast_attributes(
        protocols[1].agent, seed, habits[1], 0.0
    )


def test_with_its_hcc_taken_out_a_liver_is_the_healthy_one_of_that_seed_to_the_byte() -> None:
    seed = next(s for s in range(900_000, 900_050) if not _drawn("hbp", s, normals=1.0).scene.lesions)
    diseased, healthy = _drawn("hbp", seed), _drawn("hbp", seed, normals=1.0)
    assert diseased.scene.lesions
    chosen = [_middle(diseased), 5]
    erased = diseased.without_lesions().render(chosen)
    drawn = healthy.render(chosen)
    assert erased.values.tobytes() == drawn.values.tobytes()
    assert erased.labels.tobytes() == drawn.labels.tobytes()
