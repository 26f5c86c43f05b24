"""The log of a job: UTF-8 whatever the locale, signals that end it, and whose library it runs."""

import os
import signal
import subprocess
import sys
import time

import pytest

import tiny
from interrupted import as_in_a_terminal

LIBRARY = tiny.ROOT / "workflow_scripts"
BEGIN = f"""
import os, sys, types
sys.path.insert(0, {str(LIBRARY)!r})
from spml.runtime import log
job = {{{{"rule": "any", "wildcards": {{{{}}}}, "params": {{{{}}}}, "input": {{{{}}}}, "threads": 1}}}}
log.redirect(types.SimpleNamespace(log=[sys.argv[1]], scriptdir={{scriptdir!r}}, **job))
"""


def start(folder, program, scriptdir=str(LIBRARY), **environment):
    """Start a job with this program; its log is job.log."""
    command = [sys.executable, "-c", BEGIN.format(scriptdir=scriptdir) + program, str(folder / "job.log")]
    return subprocess.Popen(command, stderr=subprocess.PIPE, env=os.environ | environment, preexec_fn=as_in_a_terminal)


@pytest.mark.parametrize(
    "environment",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1"},
    ],
)
def test_any_text_reaches_the_log_in_any_locale(tmp_path, environment):
    program = (
        "print('\\u2026 \\u03c4 \\xfc', 'a\\udcff')\n"
        "import subprocess\n"
        "subprocess.run([sys.executable, '-c', 'print(chr(0x2026) + chr(0xdcff))'], check=True)\n"
        "raise log.InputError('\\u2026 ends')"
    )
    job = start(tmp_path, program, **environment)
    job.communicate()
    text = (tmp_path / "job.log").read_text(encoding="utf-8")
    assert job.returncode == 1
    assert "\n… τ ü a\\udcff\n…\\udcff\n" in text and text.endswith("error: … ends\n")


def test_a_job_ends_without_a_look_for_cycles_among_all_its_objects(tmp_path):
    program = (
        "import gc\n"
        "class Loop:\n"
        "    def __init__(self): self.own = self\n"
        "    def __del__(self): print('collected')\n"
        "Loop(); gc.collect(); Loop()\n"
        "print('threshold', gc.get_threshold()[0])"
    )
    job = start(tmp_path, program)
    job.communicate()
    lines = (tmp_path / "job.log").read_text(encoding="utf-8").splitlines()
    assert job.returncode == 0 and lines[-2:] == ["collected", "threshold 10000"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_job_with_a_sentence_and_without_temporary_files(tmp_path, number):
    program = (
        "from spml.runtime.files import writing\nimport time\n"
        f"with writing({str(tmp_path / 'a.txt')!r}) as part:\n part.touch()\n print('waits')\n time.sleep(600)"
    )
    job = start(tmp_path, program)
    while not ((tmp_path / "job.log").exists() and "waits" in (tmp_path / "job.log").read_text()):
        assert job.poll() is None, job.stderr.read()
        time.sleep(0.05)
    job.send_signal(number)
    assert job.wait() == 1
    assert f"error: ended by {number.name}: " in (tmp_path / "job.log").read_text()
    assert os.listdir(tmp_path) == ["job.log"]


def test_a_job_under_nohup_outlives_its_terminal(tmp_path):
    program = "import signal\nos.kill(os.getpid(), signal.SIGHUP)\nprint('lives')"
    command = [sys.executable, "-c", BEGIN.format(scriptdir=str(LIBRARY)) + program, str(tmp_path / "job.log")]
    subprocess.run(["nohup", *command], check=True, capture_output=True)
    assert "lives" in (tmp_path / "job.log").read_text()


def test_a_job_with_the_library_of_another_clone_ends_with_a_sentence(tmp_path):
    job = start(tmp_path, "print('runs')", scriptdir=str(tmp_path))
    job.communicate()
    text = (tmp_path / "job.log").read_text()
    assert job.returncode == 1 and "runs" not in text and "Traceback" not in text
    assert f"error: found the module spml in {LIBRARY}, wanted the one in {tmp_path}" in text


def test_a_python_without_a_package_of_the_workflow_is_named(tmp_path):
    for module, shows_trace in {"no_such_package.part": False, "spml.no_such_module": True}.items():
        job = start(tmp_path, f"import {module}")
        job.communicate()
        text = (tmp_path / "job.log").read_text()
        assert job.returncode == 1 and ("Traceback" in text) == shows_trace
        assert ("has no module no_such_package; wanted the Python environment" in text) != shows_trace
