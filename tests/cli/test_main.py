"""The command line as a whole: what stands before and after a command."""

import subprocess
import sys

import pytest

from overread.cli.main import main


@pytest.mark.parametrize(
    "arguments",
    [
        ("--log-level", "debug", "scan", "HERE"),
        ("--log-level=debug", "scan", "HERE"),
        ("scan", "--log-level", "debug", "HERE"),
        ("--log-level", "error", "scan", "--log-level", "debug", "HERE"),
    ],
)
def test_log_level_may_stand_before_or_after_the_command(tmp_path, own_home, arguments):
    code = (
        "import logging, sys\nfrom overread.cli.main import main\nstatus = main(sys.argv[1:])\n"
        "print(status, logging.getLogger('overread').level)"
    )
    (tmp_path / "note.txt").write_text("not a picture")
    called = [part.replace("HERE", str(tmp_path)) for part in arguments]
    done = subprocess.run(
        [sys.executable, "-c", code, *called], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout == "2 10\n"
    assert "holds nothing that can be shown" in done.stderr


@pytest.mark.parametrize(
    "arguments", [["--log-level"], ["--log-level", "loud", "systems"], ["--log-level=loud", "scan"]]
)
def test_log_level_that_is_none_is_said_in_a_sentence(capsys, arguments):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "--log-level" in capsys.readouterr().err


def test_path_that_is_no_command_is_not_taken_for_one_after_an_option(capsys):
    assert main(["--log-level", "debug", "scans"]) == 2
    assert "scans cannot be opened" in capsys.readouterr().err
