"""A model bundle on disk: manifest, weights, card; checked before anything runs."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from overread.core.errors import BundleError
from overread.core.places import shipped_models
from overread.io.places import user_places

SCHEMA = "overread.bundle/1"
MANIFEST, CARD = "manifest.toml", "CARD.md"
_TABLES = ("bundle", "input", "gate", "network", "placing", "findings", "operating")


@dataclass(frozen=True, slots=True)
class OperatingInfo:
    """A named threshold and what it meant where it was chosen: (value, lower, upper) of 95 % intervals."""

    name: str
    threshold: float
    chosen_on: str
    slice_sensitivity: tuple[float, float, float]
    slice_specificity: tuple[float, float, float]
    marks_per_case: float


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """A bundle whose manifest could be read. ``check_weights`` says whether its weights are whole."""

    folder: Path
    manifest: Mapping[str, Any]
    card: str
    digest: str

    @property
    def system(self) -> str:
        """Id of the system it belongs to."""
        return str(self.manifest["bundle"]["system"])

    @property
    def variant(self) -> str:
        """Which of the system's variants."""
        return str(self.manifest["bundle"]["variant"])

    @property
    def version(self) -> str:
        """Version of the bundle."""
        return str(self.manifest["bundle"]["version"])

    @property
    def trained_on(self) -> str:
        """``phantoms``, or what else it was trained on."""
        return str(self.manifest["bundle"]["trained_on"])

    @property
    def weights_path(self) -> Path:
        """File of the weights."""
        return self.folder / str(self.manifest["bundle"]["weights"])

    @property
    def activation_scale(self) -> float:
        """Logits shown as full colour."""
        return float(self.manifest["placing"]["activation_scale"])

    @property
    def operating(self) -> dict[str, OperatingInfo]:
        """The named operating points, as the manifest orders them."""
        return {name: _operating(name, table) for name, table in self.manifest["operating"].items()}

    @property
    def caution(self) -> str:
        """The line that stands wherever a score of this bundle stands."""
        return f"Trained on {self.trained_on}, not for diagnosis."

    @property
    def control_path(self) -> Path | None:
        """Weights of the network trained on shuffled labels, where the bundle brings one."""
        table = self.manifest.get("control")
        return None if table is None else self.folder / Path(str(table["weights"])).name

    def check_weights(self) -> None:
        """Compare the weight files with the digests in the manifest.

        Raises
        ------
        BundleError
            A file is missing or is not the one the manifest names.
        """
        self._check(self.weights_path, str(self.manifest["bundle"]["weights_sha256"]))
        if self.control_path is not None:
            self._check(self.control_path, str(self.manifest["control"].get("weights_sha256")))

    def _check(self, path: Path, digest: str) -> None:
        what = f"The bundle {self.folder.name} cannot run"
        try:
            found = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError as problem:
            why = f"its weight file {path.name} cannot be read ({problem.strerror})"
            raise BundleError(what, why, "Install the bundle again") from problem
        if found != digest:
            why = f"its weight file {path.name} is damaged or not the one it was released with"
            raise BundleError(what, why, "Install the bundle again")


def load_bundle(folder: Path) -> Bundle:
    """Read the manifest and the card of a bundle.

    Raises
    ------
    BundleError
        There is no bundle, it is damaged, foreign, or of a newer schema.
    """
    what = f"The bundle {folder.resolve().name} cannot run"
    try:
        raw = (folder / MANIFEST).read_bytes()
        manifest = tomllib.loads(raw.decode("utf-8"))
    except OSError as problem:
        raise BundleError(
            what,
            f"its {MANIFEST} cannot be read ({problem.strerror})",
            "Install the bundle again, or name another folder",
        ) from problem
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise BundleError(what, f"its {MANIFEST} is damaged ({problem})", "Install the bundle again") from problem
    head = manifest.get("bundle")
    schema = head.get("schema") if isinstance(head, dict) else None
    if schema != SCHEMA:
        raise BundleError(
            what,
            f"its schema is {schema!r}, this version reads {SCHEMA}",
            "Install the version of Overread it was made for",
        )
    absent = [name for name in _TABLES if name not in manifest]
    absent += [
        f"bundle.{key}"
        for key in ("system", "variant", "version", "weights", "weights_sha256", "trained_on")
        if key not in manifest["bundle"]
    ]
    if absent:
        raise BundleError(what, f"its {MANIFEST} lacks {', '.join(absent)}", "Install the bundle again")
    fault = _first_fault(manifest)
    if fault is not None:
        raise BundleError(what, f"its {MANIFEST} is damaged: {fault}", "Install the bundle again")
    return Bundle(folder, manifest, _card_of(folder), hashlib.sha256(raw).hexdigest())


def _first_fault(manifest: Mapping[str, Any]) -> str | None:
    """What is wrong with a manifest that has all its tables, or None."""
    try:
        weights = str(manifest["bundle"]["weights"])
        if Path(weights).name != weights:
            return f"weights are {weights!r}, not the name of a file beside it"
        if "control" in manifest:
            str(manifest["control"]["weights"])
        float(manifest["placing"]["activation_scale"])
        _row, _column = (float(v) for v in manifest["placing"]["offset_px"])
        float(manifest["findings"]["floor"])
        int(manifest["findings"]["most"])
        for name, table in {"default": manifest["operating"]["default"], **manifest["operating"]}.items():
            _operating(name, table)
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        return f"{type(problem).__name__} {problem}"
    return None


def _card_of(folder: Path) -> str:
    try:
        return (folder / CARD).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "This bundle came without a card."


def bundle_folders() -> list[Path]:
    """Folders that claim to be bundles: the user's first, then the shipped ones."""
    return [
        folder
        for root in (user_places().bundles, shipped_models())
        if root.is_dir()
        for folder in sorted(root.iterdir())
        if (folder / MANIFEST).exists()
    ]


def find_bundle(system: str, variant: str | None = None) -> Bundle:
    """The bundle of a system: the user's own before the shipped one, the first variant unless one is named.

    Raises
    ------
    BundleError
        None is installed, or all that are installed are unusable.
    """
    problem: BundleError | None = None
    for folder in bundle_folders():
        try:
            bundle = load_bundle(folder)
        except BundleError as found:
            if folder.name.startswith(system):
                problem = problem or found
            continue
        if bundle.system == system and variant in (None, bundle.variant):
            return bundle
    if problem is not None:
        raise problem
    name = system if variant is None else f"{system}, variant {variant}"
    raise BundleError(
        f"{name} cannot run",
        "no bundle of it is installed",
        f"Put a bundle into {user_places().bundles} or train one with overread train",
    )


def _operating(name: str, table: Mapping[str, Any]) -> OperatingInfo:
    figures = table.get("slice", {})
    return OperatingInfo(
        name,
        float(table["threshold"]),
        str(table.get("chosen_on", "unknown data")),
        _interval(figures.get("sensitivity")),
        _interval(figures.get("specificity")),
        float(table.get("marks_per_case", float("nan"))),
    )


def _interval(values: Any) -> tuple[float, float, float]:
    if not isinstance(values, list) or len(values) != 3:
        return (float("nan"),) * 3
    return float(values[0]), float(values[1]), float(values[2])
