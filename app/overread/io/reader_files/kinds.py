"""Which kind of file it is, and who reads and writes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal, get_args

from overread.core.reader_data import ReaderData
from overread.io.reader_files.faults import Place
from overread.io.reader_files.folder import is_folder, read_folder
from overread.io.reader_files.folder_tables import CASES
from overread.io.reader_files.folder_writer import write_folder
from overread.io.reader_files.imrmc import BEGIN, read_imrmc, write_imrmc
from overread.io.reader_files.iowa import is_iowa, read_iowa, write_iowa
from overread.io.reader_files.text_table import read_table, read_text, unreadable
from overread.io.reader_files.workbook import read_workbook
from overread.io.reader_files.workbook_writer import write_workbook

Kind = Literal["jafroc", "jafroc-old", "imrmc", "iowa", "folder"]
KINDS: tuple[Kind, ...] = get_args(Kind)
WRITERS: Mapping[Kind, Callable[[ReaderData, Path], None]] = MappingProxyType(
    {
        "jafroc": write_workbook,
        "jafroc-old": lambda data, path: write_workbook(data, path, old_layout=True),
        "imrmc": write_imrmc,
        "iowa": write_iowa,
        "folder": write_folder,
    }
)
_READERS: Mapping[Kind, Callable[[Path], ReaderData]] = MappingProxyType(
    {
        "jafroc": read_workbook,
        "jafroc-old": read_workbook,
        "imrmc": read_imrmc,
        "iowa": read_iowa,
        "folder": read_folder,
    }
)
_ARCHIVE, _OLD_EXCEL = b"PK", b"\xd0\xcf\x11\xe0"
_WHAT_IS_READ = (
    "Give a JAFROC workbook, an .imrmc file, a table of reader, treatment, case, truth and rating, or a folder"
)


def read_reader_data(path: Path) -> ReaderData:
    """Readers' answers of a file or folder of any kind.

    Parameters
    ----------
    path
        A JAFROC workbook of either layout, an ``.imrmc`` file, an Iowa table, or a folder of ours.

    Returns
    -------
    ReaderData
        Conditions, readers and cases in the order of the file.

    Raises
    ------
    ReaderFileError
        It is of no kind that is known, or wrong: sheet, row and what is wrong there.
    """
    path = Path(path)
    return _READERS[kind_of(path)](path)


def write_reader_data(data: ReaderData, path: Path, kind: Kind) -> None:
    """Write readers' answers; see the room's docstring for what each kind leaves out.

    Raises
    ------
    InputError
        A workbook cannot hold the study.
    StorageError
        See ``write_atomically``.
    """
    WRITERS[kind](data, Path(path))


def kind_of(path: Path) -> Kind:
    """The kind of a file or folder by what it holds; both layouts of a workbook are ``jafroc``.

    Raises
    ------
    ReaderFileError
        It is of none.
    """
    place = Place(path)
    if path.is_dir():
        if is_folder(path):
            return "folder"
        raise place.refuse("unknown_kind", f"the folder holds no {CASES} with ratings", remedy=_WHAT_IS_READ)
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as problem:
        raise unreadable(place, problem) from problem
    if start.startswith((_ARCHIVE, _OLD_EXCEL)) or (start and path.suffix.lower() in (".xlsx", ".xlsm", ".xls")):
        return "jafroc"
    text = read_text(path, place)
    if path.suffix.lower() == ".imrmc" or BEGIN in text.upper():
        return "imrmc"
    if is_iowa(read_table(path)):
        return "iowa"
    raise place.refuse("unknown_kind", "it is of no kind that is known", remedy=_WHAT_IS_READ)
