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
    field = stored_numbers(first, "MagneticFieldStrength")
    data.MagneticFieldStrength = field[0] if field else 3.0
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
    field = (stored_numbers(header, "MagneticFieldStrength") or [3.0])[0]
    is_gradient_echo = "GR" in _values(header, "ScanningSequence") and not is_diffusion(header)
    groups.MRImageFrameTypeSequence = Sequence(
        [
            item(
                FrameType=_image_type(header),
                PixelPresentation="MONOCHROME",
                VolumetricProperties="VOLUME",
                VolumeBasedCalculationTechnique="NONE",
                ComplexImageComponent="MAGNITUDE",
                AcquisitionContrast=_contrast(header),
            )
        ]
    )
    groups.MRTimingAndRelatedParametersSequence = Sequence([_timing(header)])
    rows, columns = int(header.Rows), int(header.Columns)
    groups.MRFOVGeometrySequence = Sequence(
        [
            item(
                InPlanePhaseEncodingDirection="COLUMN"
                if header.get("InPlanePhaseEncodingDirection") == "COL"
                else "ROW",
                MRAcquisitionFrequencyEncodingSteps=columns,
                MRAcquisitionPhaseEncodingStepsInPlane=rows,
                MRAcquisitionPhaseEncodingStepsOutOfPlane=1,
                PercentSampling="100",
                PercentPhaseFieldOfView="100",
            )
        ]
    )
    groups.MRModifierSequence = Sequence(
        [
            item(
                InversionRecovery="NO",
                FlowCompensation="NONE",
                Spoiling="RF" if is_gradient_echo else "NONE",
                T2Preparation="NO",
                SpectrallySelectedExcitation="NONE",
                SpatialPresaturation="NONE",
                PartialFourier="NO",
                ParallelAcquisition="NO",
            )
        ]
    )
    groups.MRImagingModifierSequence = Sequence(
        [
            item(
                MagnetizationTransfer="NONE",
                BloodSignalNulling="NO",
                Tagging="NONE",
                TransmitterFrequency=MHZ_PER_T * field,
                PixelBandwidth=str((stored_numbers(header, "PixelBandwidth") or [500.0])[0]),
            )
        ]
    )
    groups.MRReceiveCoilSequence = Sequence(
        [
            item(
                ReceiveCoilName=str(header.get("ReceiveCoilName") or "unknown"),
                ReceiveCoilManufacturerName="",
                ReceiveCoilType="VOLUME",
                QuadratureReceiveCoil="NO",
            )
        ]
    )
    groups.MRTransmitCoilSequence = Sequence(
        [item(TransmitCoilName="unknown", TransmitCoilManufacturerName="", TransmitCoilType="BODY")]
    )
    groups.MRAveragesSequence = Sequence(
        [item(NumberOfAverages=str((stored_numbers(header, "NumberOfAverages") or [1.0])[0]))]
    )
    return groups


def ct_groups(header: Dataset) -> Dataset:
    """Shared functional groups of an Enhanced CT file (PS3.3 C.8.15.3)."""
    from pydicom import Sequence

    def one(keyword: str, default: float) -> float:
        return (stored_numbers(header, keyword) or [default])[0]

    groups = _common_groups(header)
    spacing = [float(v) for v in header.PixelSpacing]
    groups.CTImageFrameTypeSequence = Sequence(
        [
            item(
                FrameType=_image_type(header),
                PixelPresentation="MONOCHROME",
                VolumetricProperties="VOLUME",
                VolumeBasedCalculationTechnique="NONE",
            )
        ]
    )
    groups.CTAcquisitionTypeSequence = Sequence(
        [item(AcquisitionType="SPIRAL", ConstantVolumeFlag="NO", FluoroscopyFlag="NO")]
    )
    groups.CTAcquisitionDetailsSequence = Sequence(
        [
            item(
                RotationDirection="CW",
                RevolutionTime=one("RevolutionTime", 0.5),
                SingleCollimationWidth=0.625,
                TotalCollimationWidth=40.0,
                TableHeight=one("TableHeight", 0.0),
                GantryDetectorTilt=one("GantryDetectorTilt", 0.0),
                DataCollectionDiameter=500.0,
            )
        ]
    )
    groups.CTTableDynamicsSequence = Sequence(
        [item(TableSpeed=80.0, TableFeedPerRotation=40.0, SpiralPitchFactor=one("SpiralPitchFactor", 1.0))]
    )
    groups.CTPositionSequence = Sequence(
        [
            item(
                TablePosition=0.0,
                DataCollectionCenterPatient=[0.0, 0.0, 0.0],
                ReconstructionTargetCenterPatient=[0.0, 0.0, 0.0],
            )
        ]
    )
    groups.CTGeometrySequence = Sequence(
        [item(DistanceSourceToDetector=1085.0, DistanceSourceToDataCollectionCenter=595.0)]
    )
    groups.CTReconstructionSequence = Sequence(
        [
            item(
                ReconstructionAlgorithm="FILTER_BACK_PROJ",
                ConvolutionKernel=str(header.get("ConvolutionKernel") or "unknown"),
                ConvolutionKernelGroup="SOFT_TISSUE",
                ReconstructionDiameter=f"{one('ReconstructionDiameter', spacing[1] * int(header.Columns)):.6g}",
                ReconstructionPixelSpacing=spacing,
                ReconstructionAngle=360.0,
                ImageFilter="NONE",
            )
        ]
    )
    groups.CTExposureSequence = Sequence(
        [
            item(
                ExposureTimeInms=one("ExposureTime", 500.0),
                XRayTubeCurrentInmA=one("XRayTubeCurrent", 200.0),
                ExposureInmAs=one("Exposure", 100.0),
                ExposureModulationType="NONE",
            )
        ]
    )
    groups.CTXRayDetailsSequence = Sequence(
        [item(KVP=one("KVP", 120.0), FocalSpots=[1.0], FilterType="FLAT", FilterMaterial="ALUMINUM")]
    )
    groups.IrradiationEventIdentificationSequence = Sequence(
        [item(IrradiationEventUID=uid_from(f"{header.SeriesInstanceUID}/irradiation"))]
    )
    return groups


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

    train = int((stored_numbers(header, "EchoTrainLength") or [1])[0])
    is_gradient_echo = "GR" in _values(header, "ScanningSequence")
    rate = item(SpecificAbsorptionRateDefinition="IEC_WHOLE_BODY", SpecificAbsorptionRateValue=0.0)
    timing = item(
        RepetitionTime=str((stored_numbers(header, "RepetitionTime") or [0.0])[0]),
        FlipAngle=str((stored_numbers(header, "FlipAngle") or [0.0])[0]),
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
