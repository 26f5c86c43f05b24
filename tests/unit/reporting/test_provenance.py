import subprocess

from spml.reporting import provenance


def test_the_commit_is_that_of_this_project():
    head = subprocess.run(
        ["git", "-C", str(provenance.ROOT), "rev-parse", "--show-toplevel", "HEAD"], capture_output=True, text=True
    ).stdout.split()
    assert (provenance.ROOT / "Snakefile").is_file()
    assert provenance.code()["commit"] == (head[1] if head and head[0] == str(provenance.ROOT) else None)
