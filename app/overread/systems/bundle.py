"""A model bundle on disk: manifest, weights, card; checked before anything runs."""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from overread.core.errors import BundleError
from overread.io import write_atomically
from overread.systems.gate_limits import Gate, gate_of
from overread.systems.manifest import MANIFEST, fault_of, manifest_digest, read_manifest
from overread.systems.registry import SYSTEMS

CARD = "CARD.md"
LARGEST_CARD = 1 << 20
LARGEST_WEIGHTS = 4 << 30
_AGAIN = "Install the bundle again"


@dataclass(frozen=True, slots=True)
class OperatingInfo:
    """A named threshold and what it meant where it was chosen: (value, lower, upper) of 95 % intervals.

    Systems that detect state it for slices, those that judge one lesion for patients; what is not stated is NaN.
    """

    name: str
    threshold: float
    chosen_on: str
    slice_sensitivity: tuple[float, float, float]
    slice_specificity: tuple[float, float, float]
    marks_per_case: float
    patient_sensitivity: tuple[float, float, float] = (math.nan,) * 3
    patient_specificity: tuple[float, float, float] = (math.nan,) * 3


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """A bundle whose manifest could be read. ``check_weights`` says whether its weights are whole.

    ``digest`` is that of the manifest without its ``[evaluation.*]`` and ``[control]`` tables (``manifest_digest``).
    """

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
    def roles(self) -> tuple[str, ...]:
        """Roles of the volumes it reads, in the order of its channels."""
        return tuple(self.manifest["input"]["roles"])

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
        return {name: _operating(name, table) for name, table in self.manifest.get("operating", {}).items()}

    @property
    def evaluations(self) -> Mapping[str, Mapping[str, Any]]:
        """What was measured on named sets: the ``[evaluation.NAME]`` tables."""
        tables: Mapping[str, Mapping[str, Any]] = self.manifest.get("evaluation", {})
        return tables

    @property
    def caution(self) -> str:
        """The line that stands wherever a score of this bundle stands."""
        return f"Trained on {self.trained_on}, not for diagnosis."

    @property
    def control_path(self) -> Path | None:
        """Weights of the network trained on shuffled labels, where the bundle brings one."""
        table = self.manifest.get("control")
        return None if table is None else self.folder / str(table["weights"])

    def gate(self, role: str | None = None) -> Gate:
        """What it lets in as the volume of a role."""
        return _gate(self, role)

    def check_weights(self, *, only_presence: bool = False) -> None:
        """Compare the weight files with the digests in the manifest.

        Parameters
        ----------
        only_presence
            Look only whether the files are there, which costs nothing.

        Raises
        ------
        BundleError
            A file is missing, is no plain file, is too large, or is not the one the manifest names.
        """
        self._check(self.weights_path, "" if only_presence else str(self.manifest["bundle"]["weights_sha256"]))
        if self.control_path is not None:
            self._check(self.control_path, "" if only_presence else str(self.manifest["control"]["weights_sha256"]))

    def _check(self, path: Path, digest: str) -> None:
        what = f"The bundle {self.folder.name} cannot run"
        try:
            size = path.stat().st_size
            if not path.is_file() or size > LARGEST_WEIGHTS:
                why = f"its weight file {path.name} is no plain file, or larger than {LARGEST_WEIGHTS >> 30} GB"
                raise BundleError(what, why, _AGAIN)
            if not digest:
                return
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as problem:
            why = f"its weight file {path.name} cannot be read ({problem.strerror})"
            raise BundleError(what, why, _AGAIN) from problem
        if found != digest:
            why = f"its weight file {path.name} is damaged or not the one it was released with"
            raise BundleError(what, why, _AGAIN)


def load_bundle(folder: Path) -> Bundle:
    """Read the manifest and the card of a bundle.

    Raises
    ------
    BundleError
        There is no bundle, it is damaged, of a system or program this is not, or made for a newer version.
    """
    manifest = read_manifest(folder)
    name, system = f"The bundle {folder.resolve().name} cannot run", manifest["bundle"]["system"]
    if system not in SYSTEMS:
        why = f"it belongs to the system {system!r}, which this version does not have"
        raise BundleError(name, why, "Install a version of Overread that has it")
    absent = [table for table in SYSTEMS[system].tables if table not in manifest]
    if absent:
        raise BundleError(name, f"its {MANIFEST} is damaged: it lacks {', '.join(absent)}", _AGAIN)
    foreign = [role for role in manifest["input"]["roles"] if role not in SYSTEMS[system].roles]
    if foreign:
        why = f"it reads {', '.join(foreign)}, and {system} reads {', '.join(SYSTEMS[system].roles)}"
        raise BundleError(name, why, "Look for a bundle of this system")
    return Bundle(folder, manifest, _card_of(folder), manifest_digest(manifest))


def check_name(bundle: Bundle, name: str) -> None:
    """Refuse the name of an evaluation before the work that it shall stand for.

    Raises
    ------
    BundleError
        It cannot stand in a manifest.
    """
    fault = fault_of({**bundle.manifest, "evaluation": {**bundle.evaluations, name: {"test_set": name}}})
    if fault is not None:
        what = f"The evaluation {name!r} cannot be kept in the bundle {bundle.folder.name}"
        raise BundleError(what, fault, "Choose another name")


def record_evaluation(bundle: Bundle, name: str, table: Mapping[str, Any]) -> Bundle:
    """Write what was measured on a named set into the manifest, as ``[evaluation.NAME]``.

    The manifest is read again and everything else in it is kept, but for comments, which TOML writers do not know.
    A table of that name is replaced. The bundle's digest stays the same.

    Parameters
    ----------
    name
        Of the set: letters, digits, ``.``, ``_`` and ``-``.
    table
        Plain numbers, texts, lists and tables; ``slice_auc`` and other intervals as [value, lower, upper].

    Returns
    -------
    Bundle
        The bundle with the new table.

    Raises
    ------
    BundleError
        The name or the table cannot stand in a manifest, or the bundle has been damaged or replaced meanwhile.
    StorageError
        It cannot be written; what was there stays.
    """
    import tomli_w

    manifest = read_manifest(bundle.folder)
    what = f"The evaluation {name!r} cannot be kept in the bundle {bundle.folder.name}"
    if manifest_digest(manifest) != bundle.digest:
        raise BundleError(what, "its manifest has been changed since it was read", "Evaluate it once more")
    manifest["evaluation"] = {**manifest.get("evaluation", {}), name: dict(table)}
    try:
        text, fault = tomli_w.dumps(manifest), fault_of(manifest)
    except (TypeError, ValueError, AttributeError) as problem:
        text, fault = "", str(problem)
    if fault is not None:
        raise BundleError(what, fault, "Choose another name, or plain figures")
    write_atomically(bundle.folder / MANIFEST, lambda path: _write_text(path, text))
    return load_bundle(bundle.folder)


def _card_of(folder: Path) -> str:
    path = folder / CARD
    try:
        if path.is_file():
            with path.open("rb") as file:
                return file.read(LARGEST_CARD).decode("utf-8", errors="replace")
    except OSError:
        pass
    return "This bundle came without a card."


def _operating(name: str, table: Mapping[str, Any]) -> OperatingInfo:
    figures = table.get("slice", {})
    return OperatingInfo(
        name,
        float(table["threshold"]),
        str(table.get("chosen_on", "unknown data")),
        _interval(figures.get("sensitivity")),
        _interval(figures.get("specificity")),
        float(table.get("marks_per_case", float("nan"))),
        _interval(table.get("patient", {}).get("sensitivity")),
        _interval(table.get("patient", {}).get("specificity")),
    )


def _interval(values: Any) -> tuple[float, float, float]:
    if not isinstance(values, list) or len(values) != 3:
        return (float("nan"),) * 3
    return float(values[0]), float(values[1]), float(values[2])


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


@functools.lru_cache(maxsize=256)
def _gate(bundle: Bundle, role: str | None) -> Gate:
    """The gate of a bundle, checked once: the window asks it for every volume."""
    return gate_of(bundle.manifest["gate"], role, bundle.system)
