"""What is really there: the truth of a case, as a digital liver or a person states it (overread.truth/1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from overread.core.errors import InputError

SCHEMA = "overread.truth/1"
LESION_TYPES = (
    "hcc",
    "icc",
    "metastasis",
    "cyst",
    "haemangioma",
    "fnh",
    "abscess",
    "regenerative-nodule",
    "dysplastic-nodule",
    "other-primary",
)


def mask_file(role: str) -> str:
    """Name of the label map of the volume with a role, beside a truth that maps every volume."""
    return f"labels-{role.replace(':', '-b')}.nii.gz"


@dataclass(frozen=True, slots=True)
class MaskRef:
    """A mask in a file beside the truth: voxels with value ``label`` of a label map (NIfTI) belong to it."""

    file: str
    label: int


@dataclass(frozen=True, slots=True)
class Lesion:
    """One lesion of the truth.

    ``is_target``: the case is about it; otherwise it is a finding beside that, such as a cyst in a study of HCC.
    ``slices``: role -> indices of the slices on which it counts as positive; ``slivers``: those that hold too little of
    it to count either way. ``hidden``: signs that are there but that no image shows. ``visibility``: role -> contrast
    to the liver around it over that liver's sd.
    """

    id: str
    type: str
    centre_mm: tuple[float, float, float]
    diameter_mm: float
    volume_mm3: float
    visible: bool = True
    typical: bool = True
    is_target: bool = True
    variant: str = ""
    segment: str | None = None
    signs: Mapping[str, bool] = field(default_factory=dict)
    hidden: tuple[str, ...] = ()
    mask: MaskRef | None = None
    slices: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    slivers: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    visibility: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.type not in LESION_TYPES:
            raise ValueError(f"no such lesion type: {self.type}")


@dataclass(frozen=True, slots=True)
class Truth:
    """The truth of one case. ``generator``: name, version, kind, site and seed of what drew it."""

    case: str
    label: str
    lesions: tuple[Lesion, ...]
    frame_of_reference: str | None = None
    generator: Mapping[str, Any] = field(default_factory=dict)
    structures: Mapping[str, MaskRef] = field(default_factory=dict)
    disease: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def targets(self) -> tuple[Lesion, ...]:
        """The lesions that the case is about."""
        return tuple(lesion for lesion in self.lesions if lesion.is_target)

    def to_json(self) -> dict[str, Any]:
        """The document as ``json.dump`` takes it."""
        return {
            "schema": SCHEMA,
            "case": self.case,
            "generator": dict(self.generator),
            "frame_of_reference": self.frame_of_reference,
            "label": self.label,
            "lesions": [_lesion_to_json(lesion) for lesion in self.lesions],
            "structures": {name: _mask_to_json(ref) for name, ref in self.structures.items()},
            "disease": dict(self.disease),
            "facts": dict(self.facts),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Truth:
        """Read a document.

        Raises
        ------
        InputError
            It is no truth of a schema this version knows, or a part is missing.
        """
        if document.get("schema") != SCHEMA:
            raise InputError(
                "This truth cannot be used",
                f"its schema is {document.get('schema')!r}, not {SCHEMA}",
                "Make it again with this version",
            )
        try:
            return cls(
                case=document["case"],
                label=document["label"],
                lesions=tuple(_lesion_from_json(item) for item in document["lesions"]),
                frame_of_reference=document.get("frame_of_reference"),
                generator=document.get("generator") or {},
                structures={n: _mask_from_json(m) for n, m in (document.get("structures") or {}).items()},
                disease=document.get("disease") or {},
                facts=document.get("facts") or {},
            )
        except (KeyError, TypeError, ValueError) as problem:
            raise InputError(
                "This truth cannot be used",
                f"a part is missing or wrong ({problem})",
                "Make it again with this version",
            ) from problem


def _mask_to_json(ref: MaskRef) -> dict[str, Any]:
    return {"file": ref.file, "label": ref.label}


def _mask_from_json(item: Mapping[str, Any]) -> MaskRef:
    return MaskRef(str(item["file"]), int(item["label"]))


def _lesion_to_json(lesion: Lesion) -> dict[str, Any]:
    return {
        "id": lesion.id,
        "type": lesion.type,
        "typical": lesion.typical,
        "visible": lesion.visible,
        "is_target": lesion.is_target,
        "variant": lesion.variant,
        "centre_mm": list(lesion.centre_mm),
        "diameter_mm": lesion.diameter_mm,
        "volume_mm3": lesion.volume_mm3,
        "segment": lesion.segment,
        "signs": dict(lesion.signs),
        "hidden": list(lesion.hidden),
        "mask": None if lesion.mask is None else _mask_to_json(lesion.mask),
        "slices": {role: list(indices) for role, indices in lesion.slices.items()},
        "slivers": {role: list(indices) for role, indices in lesion.slivers.items()},
        "visibility": dict(lesion.visibility),
    }


def _lesion_from_json(item: Mapping[str, Any]) -> Lesion:
    x, y, z = (float(v) for v in item["centre_mm"])
    mask = item.get("mask")
    return Lesion(
        id=item["id"],
        type=item["type"],
        centre_mm=(x, y, z),
        diameter_mm=float(item["diameter_mm"]),
        volume_mm3=float(item["volume_mm3"]),
        visible=bool(item.get("visible", True)),
        typical=bool(item.get("typical", True)),
        is_target=bool(item.get("is_target", True)),
        variant=str(item.get("variant") or ""),
        segment=item.get("segment"),
        signs=item.get("signs") or {},
        hidden=tuple(str(sign) for sign in item.get("hidden") or ()),
        mask=None if mask is None else _mask_from_json(mask),
        slices=_slices_from_json(item.get("slices")),
        slivers=_slices_from_json(item.get("slivers")),
        visibility={role: float(v) for role, v in (item.get("visibility") or {}).items()},
    )


def _slices_from_json(item: Mapping[str, Any] | None) -> dict[str, tuple[int, ...]]:
    return {role: tuple(int(k) for k in ks) for role, ks in (item or {}).items()}
