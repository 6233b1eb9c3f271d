"""What a bundle holds, ready to use: five detectors and the classifier as engines, and the classifier's last layer."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import BundleError
from overread.engines.choice import Choice
from overread.engines.engine import Engine
from overread.systems.bundle import Bundle
from overread.systems.multiphase_characterisation import certainty, regions, voting
from overread.systems.multiphase_characterisation.prepare import SIZE, T2
from overread.systems.ready import Loaded, traced_engine
from overread.systems.ready import load as load_by

DETECTOR_OUTPUTS, CLASSIFIER_OUTPUTS = ("heat", "size", "offset"), ("logits", "maps", "features")
WRITTEN_AS = "multiphase-characterisation traced/1"
"""Changes with how its ONNX models are written, so that those compiled by an earlier version are made anew."""
_MULTIPLE_PX = 32


@dataclass(frozen=True, slots=True)
class Rules:
    """Numbers of a manifest that change the answer; what it leaves out is the papers' or ours [A].

    ``size`` edge of the common grid, ``region_size`` of a classified square, pixels; ``enlarged`` factor on its edge;
    ``cut`` lowest score of a box, ``share`` of a study's regions that goes on; ``samples``, ``seed``, ``rate`` of
    dropout and ``aggregate`` over the classes.
    """

    size: int
    region_size: int
    enlarged: float
    cut: float
    share: float
    samples: int
    seed: int
    rate: float
    aggregate: str

    def parameters(self) -> dict[str, Any]:
        """As they stand in a reading."""
        return {
            "grid_px": self.size,
            "region_px": self.region_size,
            "enlarged": self.enlarged,
            "cut": self.cut,
            "share": self.share,
            "dropout": {
                "samples": self.samples,
                "seed": self.seed,
                "rate": self.rate,
                "aggregate": self.aggregate,
            },
        }


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """A bundle's parts: ``detectors`` by role; ``weight`` (classes, units), ``bias`` (classes,) of the last layer."""

    detectors: Mapping[str, Loaded]
    classifier: Loaded
    weight: NDArray[np.float64]
    bias: NDArray[np.float64]
    rules: Rules


def load(bundle: Bundle, device: str, engine: str, precision: str, roles: Sequence[str] | None = None) -> Parts:
    """All parts of a bundle for a request; of the detectors only those of ``roles``, where some are named.

    Raises
    ------
    InputError, DeviceError, BundleError
        No such engine, device or precision, or the bundle's parts do not go together.
    """
    bundle.check_weights()
    rules = rules_of(bundle.manifest, bundle.folder.name)

    @functools.cache
    def networks() -> Any:
        from overread.systems.multiphase_characterisation.network import networks_of

        return networks_of(bundle.manifest, bundle.weights_path, bundle.folder.name)

    def ready(name: str, planes: int, edge: int, outputs: Sequence[str]) -> Loaded:
        def build(choice: Choice) -> Engine:
            made = networks()
            module = made.classifier if name == "classifier" else made.detectors[name]
            return traced_engine(bundle, choice, lambda: module, (planes, edge, edge), outputs, f"{WRITTEN_AS} {name}")

        return load_by(build, device, engine, precision)

    names = _roles(bundle) if roles is None else tuple(roles)
    detectors = {role: ready(role, 1 if role == T2 else 2, rules.size, DETECTOR_OUTPUTS) for role in names}
    classifier = ready("classifier", len(bundle.roles), rules.region_size, CLASSIFIER_OUTPUTS)
    last = networks().classifier.classifier
    weight, bias = (part.detach().numpy().astype(np.float64) for part in (last.weight, last.bias))
    return Parts(detectors, classifier, weight, bias, rules)


def rules_of(manifest: Mapping[str, Any], bundle_name: str) -> Rules:
    """The rules of a manifest.

    Raises
    ------
    BundleError
        A number cannot be.
    """
    detectors, votes, region = (manifest.get(key, {}) for key in ("detectors", "voting", "region"))
    dropout, sure = manifest.get("dropout", {}), manifest.get("confidence", {})
    try:
        rows, columns = manifest["input"]["size"]
        rules = Rules(
            size=int(detectors.get("size", SIZE)),
            region_size=int(rows),
            enlarged=float(region.get("enlarge", regions.ENLARGED)),
            cut=float(votes.get("cut", voting.CUT)),
            share=float(votes.get("share", voting.SHARE)),
            samples=int(dropout.get("samples", certainty.SAMPLES)),
            seed=int(dropout.get("seed", certainty.SEED)),
            rate=float(dropout.get("rate", certainty.RATE)),
            aggregate=certainty.aggregate_of(sure, bundle_name),
        )
        _check(rules, rows == columns, set(_roles_of(manifest)) == set(manifest["input"]["roles"]))
    except (KeyError, TypeError, ValueError) as problem:
        why = f"{problem} is missing" if isinstance(problem, KeyError) else str(problem)
        raise BundleError(
            f"The bundle {bundle_name} cannot run", f"its rules cannot be ({why})", "Install it again"
        ) from (problem)
    return rules


def _check(rules: Rules, is_square: bool, goes_together: bool) -> None:
    if not is_square or rules.size % _MULTIPLE_PX or not 64 <= rules.size <= 1024 or not 32 <= rules.region_size <= 512:
        raise ValueError("a size is not square, or no multiple of what its networks halve")
    if not (0.5 <= rules.enlarged <= 4 and 0 <= rules.cut <= 1 and 0 < rules.share <= 1):
        raise ValueError("enlarge, cut or share is out of range")
    if not (2 <= rules.samples <= 10_000 and 0 <= rules.rate < 1):
        raise ValueError("the passes or the rate of dropout are out of range")
    if not goes_together:
        raise ValueError("its detectors are for other series than it reads")


def _roles(bundle: Bundle) -> tuple[str, ...]:
    """Roles with a detector, in the order of the planes."""
    having = _roles_of(bundle.manifest)
    return tuple(role for role in bundle.roles if role in having)


def _roles_of(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    channels: Mapping[str, Any] = manifest["detectors"]["in_channels"]
    return tuple(channels)
