"""``python -m overread`` is the command ``overread``."""

from overread.cli.main import entry

if __name__ == "__main__":
    entry()
