"""The elements that a scan looks at, by tag: keyword, value representation, one value or many.

The representation is used where a file does not state it (implicit VR) or states UN. References: DICOM PS3.6.
"""

from __future__ import annotations

from typing import NamedTuple


class Tag(NamedTuple):
    """Keyword, value representation and whether more than one value is kept."""

    keyword: str
    vr: str
    many: bool = False


PIXEL_DATA, FLOAT_PIXEL_DATA, DOUBLE_PIXEL_DATA = 0x7FE00010, 0x7FE00008, 0x7FE00009
PIXEL_TAGS = frozenset({PIXEL_DATA, FLOAT_PIXEL_DATA, DOUBLE_PIXEL_DATA})
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
SHARED_GROUPS, PER_FRAME_GROUPS = 0x52009229, 0x52009230

WANTED: dict[int, Tag] = {
    0x00020002: Tag("MediaStorageSOPClassUID", "UI"),
    0x00020003: Tag("MediaStorageSOPInstanceUID", "UI"),
    0x00020010: Tag("TransferSyntaxUID", "UI"),
    0x00080005: Tag("SpecificCharacterSet", "CS", many=True),
    0x00080008: Tag("ImageType", "CS", many=True),
    0x00080013: Tag("InstanceCreationTime", "TM"),
    0x00080016: Tag("SOPClassUID", "UI"),
    0x00080018: Tag("SOPInstanceUID", "UI"),
    0x00080020: Tag("StudyDate", "DA"),
    0x00080021: Tag("SeriesDate", "DA"),
    0x00080022: Tag("AcquisitionDate", "DA"),
    0x0008002A: Tag("AcquisitionDateTime", "DT"),
    0x00080031: Tag("SeriesTime", "TM"),
    0x00080032: Tag("AcquisitionTime", "TM"),
    0x00080033: Tag("ContentTime", "TM"),
    0x00080060: Tag("Modality", "CS"),
    0x00080064: Tag("ConversionType", "CS"),
    0x00080070: Tag("Manufacturer", "LO"),
    0x00081030: Tag("StudyDescription", "LO"),
    0x0008103E: Tag("SeriesDescription", "LO"),
    0x00081155: Tag("ReferencedSOPInstanceUID", "UI"),
    0x00089007: Tag("FrameType", "CS", many=True),
    0x00089208: Tag("ComplexImageComponent", "CS"),
    0x00089209: Tag("AcquisitionContrast", "CS"),
    0x00180010: Tag("ContrastBolusAgent", "LO"),
    0x00180020: Tag("ScanningSequence", "CS", many=True),
    0x00180021: Tag("SequenceVariant", "CS", many=True),
    0x00180022: Tag("ScanOptions", "CS", many=True),
    0x00180023: Tag("MRAcquisitionType", "CS"),
    0x00180024: Tag("SequenceName", "SH"),
    0x00180050: Tag("SliceThickness", "DS"),
    0x00180060: Tag("KVP", "DS"),
    0x00180080: Tag("RepetitionTime", "DS"),
    0x00180081: Tag("EchoTime", "DS"),
    0x00180082: Tag("InversionTime", "DS"),
    0x00180086: Tag("EchoNumbers", "IS"),
    0x00180087: Tag("MagneticFieldStrength", "DS"),
    0x00180088: Tag("SpacingBetweenSlices", "DS"),
    0x00180091: Tag("EchoTrainLength", "IS"),
    0x00181030: Tag("ProtocolName", "LO"),
    0x00181042: Tag("ContrastBolusStartTime", "TM"),
    0x00181060: Tag("TriggerTime", "DS"),
    0x00181100: Tag("ReconstructionDiameter", "DS"),
    0x00181120: Tag("GantryDetectorTilt", "DS"),
    0x00181210: Tag("ConvolutionKernel", "SH"),
    0x00181314: Tag("FlipAngle", "DS"),
    0x00189005: Tag("PulseSequenceName", "SH"),
    0x00189025: Tag("SpectrallySelectedSuppression", "CS"),
    0x00189073: Tag("AcquisitionDuration", "FD"),
    0x00189074: Tag("FrameAcquisitionDateTime", "DT"),
    0x00189075: Tag("DiffusionDirectionality", "CS"),
    0x00189082: Tag("EffectiveEchoTime", "FD"),
    0x00189087: Tag("DiffusionBValue", "FD"),
    0x00189089: Tag("DiffusionGradientOrientation", "FD", many=True),
    0x00189151: Tag("FrameReferenceDateTime", "DT"),
    0x0020000D: Tag("StudyInstanceUID", "UI"),
    0x0020000E: Tag("SeriesInstanceUID", "UI"),
    0x00200011: Tag("SeriesNumber", "IS"),
    0x00200012: Tag("AcquisitionNumber", "IS"),
    0x00200013: Tag("InstanceNumber", "IS"),
    0x00200032: Tag("ImagePositionPatient", "DS", many=True),
    0x00200037: Tag("ImageOrientationPatient", "DS", many=True),
    0x00200052: Tag("FrameOfReferenceUID", "UI"),
    0x00200100: Tag("TemporalPositionIdentifier", "IS"),
    0x00201041: Tag("SliceLocation", "DS"),
    0x00204000: Tag("ImageComments", "LT"),
    0x00209056: Tag("StackID", "SH"),
    0x00209057: Tag("InStackPositionNumber", "UL"),
    0x00209128: Tag("TemporalPositionIndex", "UL"),
    0x00209153: Tag("NominalCardiacTriggerDelayTime", "FD"),
    0x00209156: Tag("FrameAcquisitionNumber", "US"),
    0x00209157: Tag("DimensionIndexValues", "UL", many=True),
    0x0020930D: Tag("TemporalPositionTimeOffset", "FD"),
    0x00280002: Tag("SamplesPerPixel", "US"),
    0x00280004: Tag("PhotometricInterpretation", "CS"),
    0x00280006: Tag("PlanarConfiguration", "US"),
    0x00280008: Tag("NumberOfFrames", "IS"),
    0x00280010: Tag("Rows", "US"),
    0x00280011: Tag("Columns", "US"),
    0x00280030: Tag("PixelSpacing", "DS", many=True),
    0x00280100: Tag("BitsAllocated", "US"),
    0x00280101: Tag("BitsStored", "US"),
    0x00280102: Tag("HighBit", "US"),
    0x00280103: Tag("PixelRepresentation", "US"),
    0x00281050: Tag("WindowCenter", "DS"),
    0x00281051: Tag("WindowWidth", "DS"),
    0x00281052: Tag("RescaleIntercept", "DS"),
    0x00281053: Tag("RescaleSlope", "DS"),
    0x00281054: Tag("RescaleType", "LO"),
    0x00281101: Tag("RedPaletteColorLookupTableDescriptor", "US", many=True),
    0x00281102: Tag("GreenPaletteColorLookupTableDescriptor", "US", many=True),
    0x00281103: Tag("BluePaletteColorLookupTableDescriptor", "US", many=True),
    0x00281201: Tag("RedPaletteColorLookupTableData", "OW"),
    0x00281202: Tag("GreenPaletteColorLookupTableData", "OW"),
    0x00281203: Tag("BluePaletteColorLookupTableData", "OW"),
    0x7FE00001: Tag("ExtendedOffsetTable", "OV"),
}

# Private elements: group, creator, last byte of the element -> keyword (PHANTOM section 8; vendors' conformance
# statements). Kept apart from the standard ones; headers.py turns them into one b-value.
PRIVATE: dict[tuple[int, str, int], Tag] = {
    (0x0019, "SIEMENS MR HEADER", 0x0C): Tag("SiemensBValue", "IS"),
    (0x0019, "SIEMENS MR HEADER", 0x0D): Tag("SiemensDirectionality", "CS"),
    (0x0019, "SIEMENS MR HEADER", 0x0E): Tag("SiemensGradientDirection", "FD", many=True),
    (0x0043, "GEMS_PARM_01", 0x39): Tag("GEBValue", "IS", many=True),
    (0x0043, "GEMS_PARM_01", 0x2F): Tag("GEComplexPart", "SS"),
    (0x0019, "GEMS_ACQU_01", 0xBB): Tag("GEGradientX", "DS"),
    (0x0019, "GEMS_ACQU_01", 0xBC): Tag("GEGradientY", "DS"),
    (0x0019, "GEMS_ACQU_01", 0xBD): Tag("GEGradientZ", "DS"),
    (0x2001, "PHILIPS IMAGING DD 001", 0x03): Tag("PhilipsBValue", "FL"),
    (0x2001, "PHILIPS IMAGING DD 001", 0x04): Tag("PhilipsDirection", "CS"),
    (0x2005, "PHILIPS MR IMAGING DD 001", 0xB0): Tag("PhilipsGradientRL", "FL"),
    (0x2005, "PHILIPS MR IMAGING DD 001", 0xB1): Tag("PhilipsGradientAP", "FL"),
    (0x2005, "PHILIPS MR IMAGING DD 001", 0xB2): Tag("PhilipsGradientFH", "FL"),
    (0x0065, "IMAGE PRIVATE HEADER", 0x09): Tag("UIHBValue", "FD"),
    (0x0065, "IMAGE PRIVATE HEADER", 0x37): Tag("UIHGradientDirection", "FD", many=True),
    (0x0065, "IMAGE PRIVATE HEADER", 0x50): Tag("UIHFramesInMosaic", "DS"),
    (0x700D, "TOSHIBA_MEC_MR3", 0x08): Tag("CanonBValue", "FD"),
}
PRIVATE_GROUPS = frozenset(group for group, _, _ in PRIVATE)
ORPHANS = {(group, last): tag for (group, _, last), tag in PRIVATE.items()}

# Sequences whose items are read into the frame they describe (functional group macros, PS3.3 C.7.6.16.2).
FRAME_SEQUENCES = frozenset({
    0x00089215, 0x00189006, 0x00189103, 0x00189112, 0x00189114, 0x00189115, 0x00189117, 0x00189076, 0x00189118,
    0x00189152, 0x00189226, 0x00189227, 0x00189301, 0x00189314, 0x00189329, 0x00189341, 0x00189732, 0x00209111,
    0x00209113, 0x00209116, 0x00209170, 0x00209171, 0x00209310, 0x00289110, 0x00289132, 0x00289145,
})
# Sequences through which other objects say what they belong to; only the UIDs inside are kept.
REFERENCE_SEQUENCES = frozenset({
    0x00081115, 0x00081140, 0x0008114A, 0x00081199, 0x00082112, 0x0040A375, 0x00409096, 0x0040A525, 0x30060010,
    0x30060012, 0x30060014, 0x30060016, 0x300C0002, 0x300C0060, 0x00700308, 0x00700309, 0x00080307,
})
SERIES_UID, REFERENCED_SOP_UID = 0x0020000E, 0x00081155

TEXT = frozenset({"StudyDescription", "SeriesDescription", "ProtocolName", "ImageComments", "Manufacturer",
                  "ContrastBolusAgent", "RescaleType"})
"""Keywords whose bytes are decoded by the file's character set."""
