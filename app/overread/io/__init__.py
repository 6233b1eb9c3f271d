"""Files in and out: folders of DICOM and volume files come in as studies and pixels, results go out.

``scan`` reads headers and says what is there; ``read_pixels`` and ``read_slice`` decode. Written are DICOM series,
label maps, cases and truths, always under a temporary name first. Patient names and numbers are not kept. pydicom
and the decoders are imported where they are needed; SimpleITK runs in a process of its own (``apart``).
"""

from overread.io.apart import call_apart, close_apart
from overread.io.atomic import write_atomically, write_json
from overread.io.cases import CaseRow, read_cases, read_truth, write_cases, write_truth
from overread.io.document import scan_to_json
from overread.io.masks import read_mask, write_mask
from overread.io.pixels import pixels_sha256, read_pixels, read_slice
from overread.io.scan import scan
from overread.io.segmentation_writer import Segment, write_segmentation
from overread.io.series_writer import OutVolume, write_mr_series, write_series
from overread.io.uids import uid_from
from overread.io.volume_files import write_volume_nifti

__all__ = [
    "CaseRow", "OutVolume", "Segment", "call_apart", "close_apart", "pixels_sha256", "read_cases", "read_mask",
    "read_pixels", "read_slice", "read_truth", "scan", "scan_to_json", "uid_from", "write_atomically",
    "write_cases", "write_json", "write_mask", "write_mr_series", "write_segmentation", "write_series",
    "write_truth", "write_volume_nifti",
]
