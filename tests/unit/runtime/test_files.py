import errno
import os
import socket
import subprocess
import time

import numpy as np
import pytest

import forge
from spml.artifacts import checkpoints
from spml.runtime import log
from spml.runtime.errors import InputError
from spml.runtime.files import writing


@pytest.mark.parametrize("sync", [True, False])
def test_a_file_is_there_whole_or_not_at_all(tmp_path, sync):
    target = tmp_path / "deep" / "a.txt"
    with writing(target, sync) as part:
        part.write_text("new")
        assert not target.exists()
    assert target.read_text() == "new"
    with pytest.raises(ZeroDivisionError), writing(target, sync) as part:
        part.write_text("half")
        raise ZeroDivisionError
    assert target.read_text() == "new"
    assert os.listdir(target.parent) == ["a.txt"]


def test_what_killed_processes_left_goes_with_the_next_write_and_nothing_else(tmp_path):
    target, host = tmp_path / "a.[1]", socket.gethostname()
    gone = subprocess.Popen(["true"])
    gone.wait()
    names = {
        "dead": f".{target.name}.{host}.{gone.pid}.part",
        "alive": f".{target.name}.{host}.1.part",
        "elsewhere, old": f".{target.name}.other-host.7.part",
        "elsewhere, new": f".{target.name}.other-host.8.part",
        "of another file": f".a.1.{host}.{gone.pid}.part",
    }
    for name in names.values():
        (tmp_path / name).touch()
    old = time.time() - 2 * 86400
    os.utime(tmp_path / names["elsewhere, old"], (old, old))
    with writing(target) as part:
        part.write_text("new")
    kept = {names[key] for key in ("alive", "elsewhere, new", "of another file")}
    assert set(os.listdir(tmp_path)) == {target.name} | kept


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        RuntimeError("I/O error: No space left on device (os error 28)"),
        OSError(errno.EROFS, "x"),
        PermissionError(errno.EACCES, "x"),
    ],
)
def test_what_the_user_can_mend_is_one_line_that_names_the_file(tmp_path, error):
    with (
        pytest.raises(InputError, match=r"a.h5: cannot be written: .*; (make room|wanted a folder)"),
        writing(tmp_path / "a.h5"),
    ):
        raise error
    assert os.listdir(tmp_path) == []


def test_an_hdf5_file_has_the_same_bytes_later(tmp_path):
    from spml.artifacts import hdf5

    for name in ("one", "other"):
        hdf5.write(
            tmp_path / name / "a.h5", "labels", {"label": np.arange(6).reshape(2, 3)}, {"image_id": ["a", "ü"]}, tau=0.5
        )
        time.sleep(1.1)
    assert (tmp_path / "one/a.h5").read_bytes() == (tmp_path / "other/a.h5").read_bytes()


def test_a_checkpoint_comes_back(tmp_path):
    weights = {"output.weight": np.arange(6, dtype=np.float32).reshape(2, 3).T, "output.bias": np.zeros(3, np.float32)}
    checkpoints.save(tmp_path / "c.safetensors", weights, {"categories": ["ü", "b"], "val_map": 0.1 + 0.2})
    found, description = checkpoints.load(tmp_path / "c.safetensors")
    assert all((found[name] == weights[name]).all() for name in weights)
    assert description == {"categories": ["ü", "b"], "val_map": 0.1 + 0.2}


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path):
    import safetensors.numpy

    (tmp_path / "c.safetensors").write_text("no")
    forge.record_as(tmp_path / "c.safetensors", "checkpoint")
    with pytest.raises(InputError, match=r"c.safetensors: not a readable safetensors file"):
        checkpoints.load(tmp_path / "c.safetensors")
    safetensors.numpy.save_file({"a": np.zeros(1)}, tmp_path / "c.safetensors")
    forge.record_as(tmp_path / "c.safetensors", "checkpoint")
    with pytest.raises(InputError, match=r"c.safetensors: a safetensors file, but no checkpoint of this version"):
        checkpoints.load(tmp_path / "c.safetensors")


def test_progress_says_done_total_rate_and_time_left(capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(log.time, "monotonic", lambda: now[0])
    progress = log.Progress("features", 7200, "images")
    for _ in range(30):
        now[0] += 1
        progress.advance(2)
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "features: 20 of 7,200 images, 2/s, 0:59:50 left",
        "features: 40 of 7,200 images, 2/s, 0:59:40 left",
        "features: 60 of 7,200 images, 2/s, 0:59:30 left",
    ]
    progress.finish()
    assert capsys.readouterr().out == "features: 60 images in 30.0 s (2/s)\n"
