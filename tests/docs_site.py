"""The docs site, built as `make docs-site` builds it, by a Python that refuses to open a connection."""

import ast
import subprocess

import pytest

import tiny

PYTHON = tiny.ROOT / ".docs/bin/python"
BUILD = """
import socket, sys

def refuse(*arguments, **options):
    raise AssertionError(f"the build asked the network: {arguments}")

socket.getaddrinfo = socket.socket.connect = socket.socket.connect_ex = refuse
from sphinx.cmd.build import main

sys.exit(main(sys.argv[1:]))
"""


def require():
    """Skip a test where the packages of the docs are not installed."""
    if not PYTHON.exists():
        pytest.skip("needs the packages of the docs: make docs-site installs them into .docs")


def build(folder, source=tiny.ROOT / "docs"):
    """Build the pages of a folder into another one; return the exit code and what was said."""
    require()
    options = ["--quiet", "--fail-on-warning", "--keep-going", "--doctree-dir", str(folder.parent / "doctrees")]
    command = [str(PYTHON), "-c", BUILD, *options, str(source), str(folder)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def public_modules():
    """Return the modules of the API reference, as docs/conf.py names them."""
    for node in ast.parse((tiny.ROOT / "docs/conf.py").read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "PUBLIC":
            return list(ast.literal_eval(node.value))
    raise AssertionError("docs/conf.py names no PUBLIC modules")
