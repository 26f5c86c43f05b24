"""A copy of the repository with the tiny data set in it, run with a profile as docs/engines.md says, and an S3 server."""

import os
import re
import socket
import subprocess
import time
from contextlib import closing

import pytest

import tiny

PYTHON = tiny.ROOT / ".engines/bin/python"
FEW = {  # of jobs, so that tests are quick
    "seeds": [1200],
    "pseudo_labels/paper/taus": [0.5],
    "teachers/an": None,
    "teachers/full": None,
    "figures/baselines": ["em"],
}
HANGS = 120  # seconds; a server that takes longer does not come


def require_installed():
    if not PYTHON.exists():
        pytest.skip("needs the plugins of profiles/: tests/engines/install.sh installs them into .engines")


def clone(folder):
    """Return a folder with a copy of the repository, whose config.yaml is that of the tiny data set."""
    require_installed()
    tiny.copy_repository(folder)
    tiny.make(folder)
    tiny.configure(folder, tiny.changed(tiny.CONFIG, FEW))
    return folder


def command(*arguments):
    return [str(PYTHON), "-m", "snakemake", *map(str, arguments)]


def run(folder, *arguments, check=True, **environment):
    """Run Snakemake in a clone to its end; return its exit status and its text."""
    done = subprocess.run(
        command(*arguments),
        cwd=folder,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert not check or done.returncode == 0, done.stdout[-4000:]
    return done.returncode, done.stdout


def planned(folder, *arguments, **environment):
    """Return the rules that a dry run plans, with their numbers of jobs."""
    _, text = run(folder, *arguments, "--dry-run", "--quiet", "rules", **environment)
    table = text.partition("Job stats:")[2].partition("\n\n")[0]
    return {name: int(count) for name, count in re.findall(r"^(\w+) +(\d+)$", table, re.MULTILINE) if name != "total"}


class Bucket:
    """An S3 server on the loopback interface, in memory, with what a test asks of its bucket."""

    address = "s3://bucket/prefix"

    def __enter__(self):
        with closing(socket.socket()) as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        server = [str(PYTHON.parent / "moto_server"), "-H", "127.0.0.1", "-p", str(port)]
        self.server = subprocess.Popen(server, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.environment = {
            "SNAKEMAKE_STORAGE_S3_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "SNAKEMAKE_STORAGE_S3_ACCESS_KEY": "test",
            "SNAKEMAKE_STORAGE_S3_SECRET_KEY": "test",
        }
        end = time.monotonic() + HANGS
        while socket.socket().connect_ex(("127.0.0.1", port)):
            assert time.monotonic() < end and self.server.poll() is None, "the S3 server does not come"
            time.sleep(0.1)
        return self

    def __exit__(self, *error):
        self.server.terminate()
        self.server.wait()

    def names(self):
        """Return the names of all objects."""
        program = "import boto3, sys; s3 = boto3.resource('s3', endpoint_url=sys.argv[1], region_name='us-east-1', "
        program += "aws_access_key_id='test', aws_secret_access_key='test'); "
        program += "print(*(item.key for item in s3.Bucket('bucket').objects.all()), sep='\\n')"
        endpoint = self.environment["SNAKEMAKE_STORAGE_S3_ENDPOINT_URL"]
        done = subprocess.run([PYTHON, "-c", program, endpoint], capture_output=True, text=True, check=True)
        return set(done.stdout.split())
