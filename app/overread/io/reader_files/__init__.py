"""Files of readers' answers in and out: JAFROC workbooks, ``.imrmc``, Iowa tables, and a folder of our own.

``read_reader_data`` knows a file by what it holds, not by its name, and refuses a wrong one by its first wrong row
(``ReaderFileError``). The folder holds everything; a workbook no times, calls, patients and subsets, and one mark of a
reading in an LROC study; the two text forms the highest rating of each case alone, that of a case without a mark 1
below the lowest.
"""

from overread.io.reader_files.faults import FileFault, ReaderFileError
from overread.io.reader_files.kinds import KINDS, Kind, kind_of, read_reader_data, write_reader_data

__all__ = ["KINDS", "FileFault", "Kind", "ReaderFileError", "kind_of", "read_reader_data", "write_reader_data"]
