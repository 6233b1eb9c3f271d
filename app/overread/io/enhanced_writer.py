"""The data set of an Enhanced MR file (PS3.3 A.36.2): one file, one frame per slice, functional groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from overread.core.geometry import Affine
from overread.io.uids import uid_from

if TYPE_CHECKING:
    from pydicom import Dataset

ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.4.1"
_KEPT = (
    "SpecificCharacterSet", "StudyDate", "StudyTime", "AccessionNumber", "Modality", "Manufacturer",
    "ReferringPhysicianName", "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID",
    "SeriesInstanceUID", "StudyID", "SeriesNumber", "FrameOfReferenceUID", "PositionReferenceIndicator",
    "SamplesPerPixel", "PhotometricInterpretation", "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit",
    "PixelRepresentation", "PatientPosition", "BodyPartExamined",
)


def enhanced_dataset(shared: Dataset, stored: NDArray[Any], slope: float, intercept: float, affine: Affine,
                     sop_uid: str) -> Dataset:
    """Enhanced MR data set from the common attributes of a classic series."""
    from pydicom import Dataset, Sequence

    data = Dataset()
    for keyword in _KEPT:
        if keyword in shared:
            setattr(data, keyword, shared[keyword].value)
    data.Manufacturer = shared.get("Manufacturer") or "unknown"
    data.SOPClassUID, data.SOPInstanceUID = ENHANCED_MR, sop_uid
    data.InstanceNumber = 1
    data.NumberOfFrames = stored.shape[0]
    data.ImageType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    data.ContentDate, data.ContentTime = "20000101", "000000"
    data.AcquisitionDateTime, data.AcquisitionDuration = "20000101000000", 1.0
    for keyword, value in _REQUIRED.items():
        setattr(data, keyword, value)
    data.DimensionOrganizationSequence = Sequence([_with(DimensionOrganizationUID=uid_from(f"{sop_uid}/dimensions"))])
    data.DimensionIndexSequence = Sequence([_with(
        DimensionOrganizationUID=uid_from(f"{sop_uid}/dimensions"), DimensionIndexPointer=0x00209057,
        FunctionalGroupPointer=0x00209111)])
    data.SharedFunctionalGroupsSequence = Sequence([_shared_groups(shared, slope, intercept)])
    data.PerFrameFunctionalGroupsSequence = Sequence([_frame_groups(k, affine) for k in range(stored.shape[0])])
    data.AcquisitionContextSequence = Sequence([])
    data.PixelData = np.ascontiguousarray(stored.astype(stored.dtype.newbyteorder("<"))).tobytes()
    if len(data.PixelData) % 2:
        data.PixelData += b"\0"
    return data


_REQUIRED: dict[str, object] = {
    "PixelPresentation": "MONOCHROME", "VolumetricProperties": "VOLUME", "VolumeBasedCalculationTechnique": "NONE",
    "ComplexImageComponent": "MAGNITUDE", "AcquisitionContrast": "T1", "PulseSequenceName": "unknown",
    "MRAcquisitionType": "3D", "EchoPulseSequence": "GRADIENT",
    "MultiPlanarExcitation": "NO", "PhaseContrast": "NO", "TimeOfFlightContrast": "NO", "SteadyStatePulseSequence":
    "NONE", "EchoPlanarPulseSequence": "NO", "SaturationRecovery": "NO", "SpectrallySelectedSuppression": "FAT",
    "OversamplingPhase": "NONE", "KSpaceFiltering": "NONE", "GeometryOfKSpaceTraversal": "RECTILINEAR",
    "RectilinearPhaseEncodeReordering": "LINEAR", "SegmentedKSpaceTraversal": "SINGLE", "CoverageOfKSpace": "FULL",
    "NumberOfKSpaceTrajectories": 1, "ResonantNucleus": "1H", "MagneticFieldStrength": 3.0,
    "ApplicableSafetyStandardAgency": "IEC", "ContentQualification": "RESEARCH", "BurnedInAnnotation": "NO",
    "LossyImageCompression": "00", "PresentationLUTShape": "IDENTITY", "DeviceSerialNumber": "0",
    "ManufacturerModelName": "unknown", "SoftwareVersions": "0", "IsocenterPosition": [0.0, 0.0, 0.0],
}


def _with(**values: Any) -> Dataset:
    from pydicom import Dataset

    data = Dataset()
    for keyword, value in values.items():
        setattr(data, keyword, value)
    return data


def _shared_groups(shared: Dataset, slope: float, intercept: float) -> Dataset:
    from pydicom import Sequence

    measures = _with(PixelSpacing=shared.PixelSpacing, SliceThickness=shared.SliceThickness,
                     SpacingBetweenSlices=shared.SpacingBetweenSlices)
    orientation = _with(ImageOrientationPatient=shared.ImageOrientationPatient)
    value = _with(RescaleIntercept=f"{intercept:.10g}", RescaleSlope=f"{slope:.10g}", RescaleType="US")
    groups = _with()
    groups.PixelMeasuresSequence = Sequence([measures])
    groups.PlaneOrientationSequence = Sequence([orientation])
    groups.PixelValueTransformationSequence = Sequence([value])
    groups.MRImageFrameTypeSequence = Sequence([_with(
        FrameType=["ORIGINAL", "PRIMARY", "VOLUME", "NONE"], PixelPresentation="MONOCHROME",
        VolumetricProperties="VOLUME", VolumeBasedCalculationTechnique="NONE", ComplexImageComponent="MAGNITUDE",
        AcquisitionContrast="T1")])
    groups.FrameAnatomySequence = Sequence([_with(FrameLaterality="U", AnatomicRegionSequence=Sequence([_with(
        CodeValue="10200004", CodingSchemeDesignator="SCT", CodeMeaning="Liver")]))])
    timing = _timing(shared)
    groups.MRTimingAndRelatedParametersSequence = Sequence([timing])
    groups.MRFOVGeometrySequence = Sequence([_with(
        InPlanePhaseEncodingDirection="ROW", MRAcquisitionFrequencyEncodingSteps=int(shared.Columns),
        MRAcquisitionPhaseEncodingStepsInPlane=int(shared.Rows), MRAcquisitionPhaseEncodingStepsOutOfPlane=1,
        PercentSampling="100", PercentPhaseFieldOfView="100")])
    groups.MRModifierSequence = Sequence([_with(
        InversionRecovery="NO", FlowCompensation="NONE", Spoiling="RF", T2Preparation="NO",
        SpectrallySelectedExcitation="NONE", SpatialPresaturation="NONE", PartialFourier="NO",
        ParallelAcquisition="NO")])
    groups.MRImagingModifierSequence = Sequence([_with(
        MagnetizationTransfer="NONE", BloodSignalNulling="NO", Tagging="NONE", TransmitterFrequency=127.7,
        PixelBandwidth="500")])
    groups.MRReceiveCoilSequence = Sequence([_with(
        ReceiveCoilName="unknown", ReceiveCoilManufacturerName="", ReceiveCoilType="VOLUME",
        QuadratureReceiveCoil="NO")])
    groups.MRTransmitCoilSequence = Sequence([_with(
        TransmitCoilName="unknown", TransmitCoilManufacturerName="", TransmitCoilType="BODY")])
    groups.MRAveragesSequence = Sequence([_with(NumberOfAverages="1")])
    groups.MREchoSequence = Sequence([_with(EffectiveEchoTime=float(shared.get("EchoTime") or 0))])
    return groups


def _timing(shared: Dataset) -> Dataset:
    from pydicom import Sequence

    rate = _with(SpecificAbsorptionRateDefinition="IEC_WHOLE_BODY", SpecificAbsorptionRateValue=0.0)
    timing = _with(RepetitionTime=str(shared.get("RepetitionTime") or 0), FlipAngle=str(shared.get("FlipAngle") or 0),
                   EchoTrainLength=1, RFEchoTrainLength=0, GradientEchoTrainLength=1)
    timing.OperatingModeSequence = Sequence([_with(OperatingModeType="GRADIENT", OperatingMode="IEC_NORMAL")])
    timing.SpecificAbsorptionRateSequence = Sequence([rate])
    timing.GradientOutputType, timing.GradientOutput = "DB_DT", 0.0
    return timing


def _frame_groups(k: int, affine: Affine) -> Dataset:
    from pydicom import Sequence

    x, y, z = (f"{v + 0.0:.6f}" for v in affine.to_mm((k, 0, 0)))
    groups = _with()
    groups.FrameContentSequence = Sequence([_with(
        FrameAcquisitionNumber=1, DimensionIndexValues=[k + 1], StackID="1", InStackPositionNumber=k + 1,
        FrameAcquisitionDateTime="20000101000000", FrameReferenceDateTime="20000101000000",
        FrameAcquisitionDuration=1.0)])
    groups.PlanePositionSequence = Sequence([_with(ImagePositionPatient=[x, y, z])])
    return groups
