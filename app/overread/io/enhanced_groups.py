"""What enhanced MR and CT files say once for all frames: image level attributes and shared functional groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from overread.io.uids import uid_from

if TYPE_CHECKING:
    from pydicom import Dataset

# PS3.3 C.8.13.1 to C.8.13.4: required by the standard, of no meaning for a picture that was calculated.
_PICTURE: dict[str, object] = {
    "PixelPresentation": "MONOCHROME",
    "VolumetricProperties": "VOLUME",
    "VolumeBasedCalculationTechnique": "NONE",
}
_PULSE_SEQUENCE: dict[str, object] = {
    "MultiPlanarExcitation": "NO",
    "PhaseContrast": "NO",
    "TimeOfFlightContrast": "NO",
    "SteadyStatePulseSequence": "NONE",
    "SaturationRecovery": "NO",
    "OversamplingPhase": "NONE",
    "GeometryOfKSpaceTraversal": "RECTILINEAR",
    "RectilinearPhaseEncodeReordering": "LINEAR",
    "SegmentedKSpaceTraversal": "SINGLE",
    "NumberOfKSpaceTrajectories": 1,
}
"""Only of images that were acquired: derived ones have none (PS3.3 C.8.13.4)."""
_MR: dict[str, object] = {
    "ComplexImageComponent": "MAGNITUDE",
    "KSpaceFiltering": "NONE",
    "ResonantNucleus": "1H",
    "ApplicableSafetyStandardAgency": "IEC",
    "IsocenterPosition": [0.0, 0.0, 0.0],
}
_BOTH: dict[str, object] = {
    "ContentQualification": "RESEARCH",
    "BurnedInAnnotation": "NO",
    "LossyImageCompression": "00",
    "PresentationLUTShape": "IDENTITY",
}
_UNMODIFIED: dict[str, object] = {
    "InversionRecovery": "NO",
    "FlowCompensation": "NONE",
    "T2Preparation": "NO",
    "SpectrallySelectedExcitation": "NONE",
    "SpatialPresaturation": "NONE",
    "PartialFourier": "NO",
    "ParallelAcquisition": "NO",
}
MHZ_PER_T = 42.577
"""Gyromagnetic ratio of 1H over 2 pi."""


def item(**values: Any) -> Dataset:
    """A data set from keywords and values."""
    from pydicom import Dataset

    data = Dataset()
    for keyword, value in values.items():
        setattr(data, keyword, value)
    return data


def stored_numbers(header: Dataset, keyword: str) -> list[float]:
    """The numbers of an attribute; none where it is missing or empty."""
    value = header.get(keyword)
    if value in (None, ""):
        return []
    return [float(v) for v in value] if isinstance(value, list | tuple) or hasattr(value, "append") else [float(value)]


def is_diffusion(header: Dataset) -> bool:
    """Whether a volume is a diffusion-weighted image or map."""
    return "DIFFUSION" in header.ImageType or "ADC" in header.ImageType or "DiffusionBValue" in header


def top_level(data: Dataset, headers: Sequence[Dataset]) -> None:
    """Set the image level attributes of an enhanced file (PS3.3 C.8.13.1, C.8.15.2)."""
    first = headers[0]
    is_ct = first.Modality == "CT"
    data.Manufacturer = first.get("Manufacturer") or "unknown"
    data.ManufacturerModelName = first.get("ManufacturerModelName") or "unknown"
    data.DeviceSerialNumber = first.get("DeviceSerialNumber") or "0"
    data.SoftwareVersions = first.get("SoftwareVersions") or "0"
    data.ImageType = _image_type(first)
    for keyword, value in {**_BOTH, **_PICTURE, **({} if is_ct else _MR)}.items():
        setattr(data, keyword, value)
    if is_ct:
        return
    data.AcquisitionContrast = _contrast(first)
    data.MagneticFieldStrength = _one(first, "MagneticFieldStrength", 3.0)
    if data.ImageType[0] == "ORIGINAL":
        _pulse_sequence(data, first)


def _pulse_sequence(data: Dataset, header: Dataset) -> None:
    """The module of the same name (PS3.3 C.8.13.4)."""
    for keyword, value in _PULSE_SEQUENCE.items():
        setattr(data, keyword, value)
    is_planar = is_diffusion(header)
    is_spin_echo = is_planar or "SE" in _values(header, "ScanningSequence")
    data.PulseSequenceName = str(header.get("SequenceName") or "unknown")
    data.MRAcquisitionType = str(header.get("MRAcquisitionType") or "3D")
    data.EchoPulseSequence = "SPIN" if is_spin_echo else "GRADIENT"
    if is_spin_echo:
        data.MultipleSpinEcho = "NO" if is_planar else "YES"
    data.EchoPlanarPulseSequence = "YES" if is_planar else "NO"
    data.SpectrallySelectedSuppression = "FAT" if _has_fat_suppression(header) else "NONE"
    if data.MRAcquisitionType == "3D":
        data.CoverageOfKSpace = "FULL"


def mr_groups(header: Dataset) -> Dataset:
    """Shared functional groups of an Enhanced MR file (PS3.3 C.8.13.5)."""
    from pydicom import Sequence

    groups = _common_groups(header)
    is_gradient_echo = "GR" in _values(header, "ScanningSequence") and not is_diffusion(header)
    _add(
        groups,
        "MRImageFrameTypeSequence",
        FrameType=_image_type(header),
        ComplexImageComponent="MAGNITUDE",
        AcquisitionContrast=_contrast(header),
        **_PICTURE,
    )
    groups.MRTimingAndRelatedParametersSequence = Sequence([_timing(header)])
    _add(
        groups,
        "MRFOVGeometrySequence",
        InPlanePhaseEncodingDirection="COLUMN" if header.get("InPlanePhaseEncodingDirection") == "COL" else "ROW",
        MRAcquisitionFrequencyEncodingSteps=int(header.Columns),
        MRAcquisitionPhaseEncodingStepsInPlane=int(header.Rows),
        MRAcquisitionPhaseEncodingStepsOutOfPlane=1,
        PercentSampling="100",
        PercentPhaseFieldOfView="100",
    )
    _add(groups, "MRModifierSequence", Spoiling="RF" if is_gradient_echo else "NONE", **_UNMODIFIED)
    _add(
        groups,
        "MRImagingModifierSequence",
        MagnetizationTransfer="NONE",
        BloodSignalNulling="NO",
        Tagging="NONE",
        TransmitterFrequency=MHZ_PER_T * _one(header, "MagneticFieldStrength", 3.0),
        PixelBandwidth=str(_one(header, "PixelBandwidth", 500.0)),
    )
    _add(
        groups,
        "MRReceiveCoilSequence",
        ReceiveCoilName=str(header.get("ReceiveCoilName") or "unknown"),
        ReceiveCoilManufacturerName="",
        ReceiveCoilType="VOLUME",
        QuadratureReceiveCoil="NO",
    )
    _add(
        groups,
        "MRTransmitCoilSequence",
        TransmitCoilName="unknown",
        TransmitCoilManufacturerName="",
        TransmitCoilType="BODY",
    )
    _add(groups, "MRAveragesSequence", NumberOfAverages=str(_one(header, "NumberOfAverages", 1.0)))
    return groups


def ct_groups(header: Dataset) -> Dataset:
    """Shared functional groups of an Enhanced CT file (PS3.3 C.8.15.3)."""
    groups = _common_groups(header)
    _add(groups, "CTImageFrameTypeSequence", FrameType=_image_type(header), **_PICTURE)
    _scanner_groups(groups, header)
    spacing = [float(v) for v in header.PixelSpacing]
    diameter = _one(header, "ReconstructionDiameter", spacing[1] * int(header.Columns))
    _add(
        groups,
        "CTReconstructionSequence",
        ReconstructionAlgorithm="FILTER_BACK_PROJ",
        ConvolutionKernel=str(header.get("ConvolutionKernel") or "unknown"),
        ConvolutionKernelGroup="SOFT_TISSUE",
        ReconstructionDiameter=f"{diameter:.6g}",
        ReconstructionPixelSpacing=spacing,
        ReconstructionAngle=360.0,
        ImageFilter="NONE",
    )
    _add(
        groups,
        "CTExposureSequence",
        ExposureTimeInms=_one(header, "ExposureTime", 500.0),
        XRayTubeCurrentInmA=_one(header, "XRayTubeCurrent", 200.0),
        ExposureInmAs=_one(header, "Exposure", 100.0),
        ExposureModulationType="NONE",
    )
    _add(
        groups,
        "CTXRayDetailsSequence",
        KVP=_one(header, "KVP", 120.0),
        FocalSpots=[1.0],
        FilterType="FLAT",
        FilterMaterial="ALUMINUM",
    )
    event = uid_from(f"{header.SeriesInstanceUID}/irradiation")
    _add(groups, "IrradiationEventIdentificationSequence", IrradiationEventUID=event)
    return groups


def _scanner_groups(groups: Dataset, header: Dataset) -> None:
    """How tube and table of a CT scanner moved, and where they stood."""
    _add(groups, "CTAcquisitionTypeSequence", AcquisitionType="SPIRAL", ConstantVolumeFlag="NO", FluoroscopyFlag="NO")
    _add(
        groups,
        "CTAcquisitionDetailsSequence",
        RotationDirection="CW",
        RevolutionTime=_one(header, "RevolutionTime", 0.5),
        SingleCollimationWidth=0.625,
        TotalCollimationWidth=40.0,
        TableHeight=_one(header, "TableHeight", 0.0),
        GantryDetectorTilt=_one(header, "GantryDetectorTilt", 0.0),
        DataCollectionDiameter=500.0,
    )
    pitch = _one(header, "SpiralPitchFactor", 1.0)
    _add(groups, "CTTableDynamicsSequence", TableSpeed=80.0, TableFeedPerRotation=40.0, SpiralPitchFactor=pitch)
    _add(
        groups,
        "CTPositionSequence",
        TablePosition=0.0,
        DataCollectionCenterPatient=[0.0, 0.0, 0.0],
        ReconstructionTargetCenterPatient=[0.0, 0.0, 0.0],
    )
    _add(
        groups,
        "CTGeometrySequence",
        DistanceSourceToDetector=1085.0,
        DistanceSourceToDataCollectionCenter=595.0,
    )


def _add(groups: Dataset, macro: str, **values: Any) -> None:
    """Set a functional group, which is a sequence of one item."""
    from pydicom import Sequence

    setattr(groups, macro, Sequence([item(**values)]))


def _one(header: Dataset, keyword: str, default: float) -> float:
    """The first number of an attribute."""
    return (stored_numbers(header, keyword) or [default])[0]


def _common_groups(header: Dataset) -> Dataset:
    from pydicom import Sequence

    measures = item(PixelSpacing=header.PixelSpacing, SliceThickness=header.SliceThickness)
    if "SpacingBetweenSlices" in header:
        measures.SpacingBetweenSlices = header.SpacingBetweenSlices
    liver = item(CodeValue="10200004", CodingSchemeDesignator="SCT", CodeMeaning="Liver")
    groups = item()
    groups.PixelMeasuresSequence = Sequence([measures])
    groups.PlaneOrientationSequence = Sequence([item(ImageOrientationPatient=header.ImageOrientationPatient)])
    groups.FrameAnatomySequence = Sequence([item(FrameLaterality="U", AnatomicRegionSequence=Sequence([liver]))])
    return groups


_IMAGE_TYPES: tuple[tuple[frozenset[str], tuple[str, ...]], ...] = (
    (frozenset(("LOCALIZER",)), ("ORIGINAL", "PRIMARY", "LOCALIZER", "NONE")),
    (frozenset(("MIP", "PROJECTION IMAGE")), ("DERIVED", "PRIMARY", "VOLUME", "MAX_IP")),
    (frozenset(("ADC", "ADC_MAP")), ("DERIVED", "PRIMARY", "DIFFUSION_MAP", "ADC")),
    (frozenset(("WATER", "W")), ("DERIVED", "PRIMARY", "DIXON", "WATER")),
    (frozenset(("IN_PHASE", "IP")), ("DERIVED", "PRIMARY", "DIXON", "IN_PHASE")),
    (frozenset(("OPP_PHASE", "OUT_PHASE", "OP")), ("DERIVED", "PRIMARY", "DIXON", "OPP_PHASE")),
    (frozenset(("SUBTRACTION", "SUBTRACT", "SUB")), ("DERIVED", "PRIMARY", "VOLUME", "SUBTRACTION")),
)
"""Values of a classic Image Type -> the four values of an enhanced one (PS3.3 C.8.16.1)."""


def _image_type(header: Dataset) -> list[str]:
    values = set(_values(header, "ImageType"))
    for names, four in _IMAGE_TYPES:
        if names & values:
            return list(four)
    return ["ORIGINAL", "PRIMARY", "DIFFUSION" if is_diffusion(header) else "VOLUME", "NONE"]


def _contrast(header: Dataset) -> str:
    if is_diffusion(header):
        return "DIFFUSION"
    echo_time = stored_numbers(header, "EchoTime")
    return "T2" if echo_time and echo_time[0] > 30 else "T1"


def _timing(header: Dataset) -> Dataset:
    from pydicom import Sequence

    train = int(_one(header, "EchoTrainLength", 1))
    is_gradient_echo = "GR" in _values(header, "ScanningSequence")
    rate = item(SpecificAbsorptionRateDefinition="IEC_WHOLE_BODY", SpecificAbsorptionRateValue=0.0)
    timing = item(
        RepetitionTime=str(_one(header, "RepetitionTime", 0.0)),
        FlipAngle=str(_one(header, "FlipAngle", 0.0)),
        EchoTrainLength=max(1, train),
        RFEchoTrainLength=0 if is_gradient_echo else max(1, train),
        GradientEchoTrainLength=max(1, train) if is_gradient_echo else 0,
    )
    timing.OperatingModeSequence = Sequence([item(OperatingModeType="GRADIENT", OperatingMode="IEC_NORMAL")])
    timing.SpecificAbsorptionRateSequence = Sequence([rate])
    timing.GradientOutputType, timing.GradientOutput = "DB_DT", 0.0
    return timing


def _has_fat_suppression(header: Dataset) -> bool:
    return "FS" in _values(header, "ScanOptions")


def _values(header: Dataset, keyword: str) -> list[str]:
    value = header.get(keyword)
    if value in (None, ""):
        return []
    return [value] if isinstance(value, str) else [str(v) for v in value]
