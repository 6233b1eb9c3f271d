"""Volumes and pixels as small as can be."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from overread.core.geometry import Affine
from overread.core.roles import Role
from overread.core.study import FrameRef, Pixels, Series, Study, Volume


def _matrix(across: tuple[float, float, float], down: tuple[float, float, float],
            step: tuple[float, float, float], origin: tuple[float, float, float]) -> Affine:
    matrix = np.eye(4)
    matrix[:3, 0], matrix[:3, 1], matrix[:3, 2], matrix[:3, 3] = across, down, step, origin
    return Affine(matrix)


@pytest.fixture
def affine() -> Callable[..., Affine]:
    """Affine from the steps along columns, rows and slices."""
    def make(across=(1, 0, 0), down=(0, 1, 0), step=(0, 0, 3), origin=(-10, -20, 30)) -> Affine:
        return _matrix(across, down, step, origin)

    return make


@pytest.fixture
def volume(affine: Callable[..., Affine]) -> Callable[..., Volume]:
    """A regular volume; anything can be changed."""
    def make(**changes: object) -> Volume:
        shape = changes.pop("shape", (7, 12, 16))
        place = changes.pop("affine", affine())
        values: dict[str, object] = {
            "id": "volume-1", "kind": "volume", "shape": shape, "affine": place,
            "orientation": place.orientation if place is not None else "oblique",
            "slices": tuple(FrameRef(f"{k}.dcm") for k in range(shape[0])), "role": Role("t1-hbp", 0.9),
            "modality": "MR",
        }
        return Volume(**(values | changes))

    return make


@pytest.fixture
def pixels() -> Callable[..., Pixels]:
    """Pixels of a stored array."""
    def make(stored: np.ndarray, slope: float = 1.0, intercept: float = 0.0,
             units: str | None = None) -> Pixels:
        count = stored.shape[0]
        return Pixels(stored, np.full(count, slope), np.full(count, intercept), units)

    return make


@pytest.fixture
def only_the_users_bundles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the program ships with changes from version to version."""
    monkeypatch.setattr("overread.systems.installed.shipped_models", lambda: tmp_path / "none")


@pytest.fixture
def study(volume: Callable[..., Volume]) -> Callable[..., Study]:
    """A study with a volume for each role; ``?`` behind a role makes it a guess."""
    def make(*roles: str, modality: str = "MR") -> Study:
        volumes = tuple(
            volume(id=f"{role.rstrip('?')}-{n}", role=Role(role.rstrip("?"), 0.5 if role.endswith("?") else 0.95),
                   modality=modality, b_value=800.0 if role.startswith("dwi") else None, shape=(40, 200, 200),
                   affine=Affine(np.diag([2.0, 2.0, 5.0, 1.0])))
            for n, role in enumerate(roles)
        )  # fmt: skip
        return Study("1.2", None, None, (Series(None, modality, 1, None, volumes),))

    return make


@pytest.fixture
def install(own_home: Path) -> Callable[..., None]:
    """Puts a bundle with these roles into the user's folder; its weights are never loaded here."""
    def make(system: str, variant: str, roles: tuple[str, ...], modality: str = "MR", **tables: object) -> None:
        folder = own_home / "data" / "models" / f"{system}-{variant}"
        folder.mkdir(parents=True)
        lines = [
            "[bundle]", 'schema = "overread.bundle/1"', f'system = "{system}"', f'variant = "{variant}"',
            'version = "0"', 'trained_on = "phantoms"', 'weights = "weights.safetensors"',
            f'weights_sha256 = "{"0" * 64}"',
            "[input]", f"roles = {json.dumps(roles)}", "channels = 3", "size = [224, 224]",
            "[gate]", f'modality = ["{modality}"]', "[gate.slices]", "refuse_below = 3",
            "[network]", 'name = "x"',
            "[placing]", "activation_scale = 1.0", "offset_px = [0.0, 0.0]",
        ]  # fmt: skip
        lines += [line for table in tables.values() for line in str(table).splitlines()]
        (folder / "manifest.toml").write_text("\n".join(lines), encoding="utf-8")
        (folder / "CARD.md").write_text("# card", encoding="utf-8")

    return make
