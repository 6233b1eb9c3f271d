"""Erased twins: positive slices of phantoms drawn once more without their lesions, the noise and all else the same.

A score that falls when nothing but the lesion is taken away was a score of the lesion; a shortcut would not fall.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import InputError
from overread.core.geometry import Grid
from overread.core.reading import canonical_json
from overread.core.study import Pixels
from overread.core.truth import Truth
from overread.evaluation.case_truth import PHANTOM
from overread.evaluation.measured import SYSTEM, Measured, kept
from overread.evaluation.measuring import ROLE, volume_of
from overread.evaluation.rows import BOOTSTRAP, Heading, Patients, Row, area_rows, share_rows
from overread.evaluation.tasks import CASE_PROBLEMS, CaseTask
from overread.io import read_pixels, read_truth, write_json
from overread.phantom import VERSION, Patient, draw_patient
from overread.systems import load_bundle
from overread.systems.hbp_detection.prepare import prepare
from overread.systems.hbp_detection.system import build_engine, read_slice_image

TWINS = "twins"
SUBSET = "erased twins"
_SEED = 78


@dataclass(frozen=True, slots=True)
class TwinTask:
    """Slices of one case to draw again without their lesions."""

    task: CaseTask
    slices: tuple[int, ...]

    @property
    def path(self) -> Path:
        """Where the scores of the twins are kept."""
        return self.task.folder / TWINS / f"{self.task.name}.json"

    @property
    def key(self) -> str:
        """What kept scores must agree in to be taken over."""
        return sha256(canonical_json([self.task.key, VERSION, list(self.slices)]).encode()).hexdigest()

    def is_done(self) -> bool:
        """Whether an earlier run has read these twins."""
        document = kept(self.path, self.key)
        return document is not None and "not_redrawn" not in document


def choose_twins(tasks: Sequence[CaseTask], cases: Sequence[Measured], most: int) -> list[TwinTask]:
    """Up to ``most`` positive slices of phantoms, the same number of each case as far as there are enough.

    Parameters
    ----------
    tasks, cases
        Of the same cases, in the same order.
    """
    rng = np.random.default_rng(_SEED)
    queues = {
        n: rng.permutation(np.flatnonzero(c.slice_labels == 1)).tolist() for n, c in enumerate(cases) if c.is_phantom
    }
    chosen: dict[int, list[int]] = {n: [] for n in queues}
    left = most
    while left > 0 and any(queues.values()):
        for n, queue in queues.items():
            if queue and left > 0:
                chosen[n].append(int(queue.pop()))
                left -= 1
    return [TwinTask(tasks[n], tuple(sorted(ks))) for n, ks in chosen.items() if ks]


def score_twins(twin: TwinTask) -> None:
    """Draw the twins of one case and let the system score them."""
    try:
        document: dict[str, Any] = {"slices": list(twin.slices), "without": _scores(twin)}
    except CASE_PROBLEMS as problem:
        document = {"not_redrawn": str(problem)}
    write_json(twin.path, {"key": twin.key, "case": twin.task.row.case, **document})


def twin_rows(
    name: str, cases: Sequence[Measured], twins: Sequence[Mapping[str, Any]], patients: Patients
) -> list[Row]:
    """Area between slices and their twins, and how often the lesion scores higher.

    Parameters
    ----------
    twins
        Documents of ``score_twins`` with their scores.
    """
    number = {c.case: n for n, c in enumerate(cases)}
    parts = [(number[t["case"]], t) for t in twins]
    shown = np.concatenate([cases[n].scores[SYSTEM][t["slices"]] for n, t in parts])
    erased = np.concatenate([np.asarray(t["without"], dtype=np.float64) for _, t in parts])
    patient = patients.of_case[np.concatenate([np.full(len(t["slices"]), n) for n, t in parts]).astype(np.intp)]
    heading = Heading("slice", name, SUBSET)
    areas = area_rows(
        heading,
        np.concatenate([shown, erased]),
        np.concatenate([np.ones(shown.size, bool), np.zeros(erased.size, bool)]),
        np.concatenate([patient, patient]),
        patients,
    )
    kept_rows = [row for row in areas if row["method"] == BOOTSTRAP]  # pairs hang together: DeLong does not hold
    return kept_rows + share_rows(heading, "lesion-scores-higher", shown > erased, patient, patients, "slices")


def _scores(twin: TwinTask) -> list[float]:
    task = twin.task
    assert task.row.truth is not None
    patient = _patient(read_truth(task.row.truth))
    volume = volume_of(task.row)
    grid = volume.grid
    assert grid is not None
    pixels = read_pixels(volume)
    again = _same_slices(patient, grid, twin.slices)
    _check_redrawn(patient, pixels, twin.slices[0], again[0])
    erased = patient.without_lesions().render(again).values
    preparation = prepare(grid, pixels)
    engine = build_engine(load_bundle(task.bundle), task.device, task.engine)
    return [
        read_slice_image(engine, preparation.image(_as_stored(values, pixels, k)))[0]
        for k, values in zip(twin.slices, erased, strict=True)
    ]


def _patient(truth: Truth) -> Patient:
    drawn = truth.generator
    if drawn.get("name") != PHANTOM or drawn.get("version") != VERSION:
        raise _not_the_same(f"the digital liver {drawn.get('version')} drew it, this one is {VERSION}")
    low_high = drawn.get("diameter_mm")
    return draw_patient(
        str(drawn["kind"]),
        int(drawn["seed"]),
        str(drawn["site"]),
        float(drawn.get("normals") or 0.0),
        None if low_high is None else (float(low_high[0]), float(low_high[1])),
        roles=(ROLE,),
    )


def _same_slices(patient: Patient, grid: Grid, slices: Sequence[int]) -> list[int]:
    """Numbers of the volume's slices in the phantom's own order."""
    found = patient.affine.to_index(grid.affine.to_mm([(k, 0, 0) for k in slices]))
    if (
        grid.shape[1:] != patient.shape[1:]
        or np.abs(found - np.rint(found)).max() > 0.05
        or np.abs(found[:, 1:]).max() > 0.05
    ):
        raise _not_the_same("its images lie otherwise")
    return [int(k) for k in np.rint(found[:, 0])]


def _check_redrawn(patient: Patient, pixels: Pixels, k: int, index: int) -> None:
    """A twin means something only if nothing but the lesion differs: one slice is drawn with it and compared."""
    (values,) = patient.render([index]).values
    if np.abs(_as_stored(values, pixels, k) - pixels.slice_values(k)).max() > abs(float(pixels.slope[k])) / 2:
        raise _not_the_same("its pixels come out otherwise on this machine")


def _as_stored(values: NDArray[np.float32], pixels: Pixels, k: int) -> NDArray[np.float32]:
    """Rounded to whole stored numbers, as in the file."""
    slope = float(pixels.slope[k])
    return np.asarray(np.clip(np.rint(values / slope), 0, 65535) * slope + float(pixels.intercept[k]), np.float32)


def _not_the_same(why: str) -> InputError:
    return InputError("This phantom cannot be drawn again", why, "Make it again with this version")
