"""Fetching, against a server on the loopback interface."""

import hashlib
import http.server
import io
import tarfile
import zipfile

import pytest

from loopback import answering
from spml.data import download
from spml.data.archives import unpack, write_listing
from spml.data.download import fetch
from spml.runtime.errors import InputError

CONTENT = bytes(range(256)) * 40_000  # 10 MB
CHECKSUM = hashlib.sha256(CONTENT).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        start = 0
        asked = self.headers.get("Range")
        server.asked.append(asked)
        if server.status != 200:
            self.send_error(server.status)
            return
        if asked and server.ranges:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            if start >= len(server.content):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(server.content)}")
                self.end_headers()
                return
        body = server.content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(server.content) - 1}/{len(server.content)}")
        self.end_headers()
        if server.cuts:
            body = body[: server.cuts.pop(0)]
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(download, "PAUSE", 0.0)
    with answering(Handler) as (server, address):
        server.content, server.status, server.ranges, server.cuts, server.asked = CONTENT, 200, True, [], []
        server.url = f"{address}/a.zip"
        yield server


def test_a_file_is_fetched_and_its_checksum_stands_in_the_log(server, tmp_path, capsys):
    assert fetch(server.url, tmp_path / "deep" / "a.zip", sha256=CHECKSUM).read_bytes() == CONTENT
    assert CHECKSUM in capsys.readouterr().out
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["a.zip"]


def test_an_interrupted_download_goes_on_where_it_stopped(server, tmp_path):
    server.cuts = [3_000_000, 2_000_000]
    assert fetch(server.url, tmp_path / "a.zip", sha256=CHECKSUM).read_bytes() == CONTENT
    starts = [int(asked.removeprefix("bytes=").removesuffix("-")) for asked in server.asked[1:]]
    assert server.asked[0] is None and len(starts) == 2
    assert 2_900_000 < starts[0] <= 3_000_000 and 4_800_000 < starts[1] <= 5_000_000


def test_a_later_run_goes_on_where_an_earlier_one_stopped(server, tmp_path):
    (tmp_path / "a.zip.part").write_bytes(CONTENT[:4_000_000])
    assert fetch(server.url, tmp_path / "a.zip", sha256=CHECKSUM).read_bytes() == CONTENT
    assert server.asked == ["bytes=4000000-"]


def test_a_download_that_was_whole_but_not_moved_is_not_fetched_again(server, tmp_path):
    (tmp_path / "a.zip.part").write_bytes(CONTENT)
    assert fetch(server.url, tmp_path / "a.zip", sha256=CHECKSUM).read_bytes() == CONTENT


def test_a_server_without_ranges_sends_all_of_it_again(server, tmp_path):
    server.ranges = False
    (tmp_path / "a.zip.part").write_bytes(b"x" * 100)
    assert fetch(server.url, tmp_path / "a.zip", sha256=CHECKSUM).read_bytes() == CONTENT


def test_what_is_there_and_right_is_not_fetched(server, tmp_path):
    (tmp_path / "a.zip").write_bytes(CONTENT)
    fetch(server.url, tmp_path / "a.zip", sha256=CHECKSUM[:8])
    assert server.asked == []


def test_a_server_that_always_breaks_off_is_an_error_and_what_came_is_kept(server, tmp_path):
    server.cuts = [1_000_000] + [0] * 50
    with pytest.raises(InputError, match=r"http://127.* cannot be fetched to .*a.zip: .*ask a friend"):
        fetch(server.url, tmp_path / "a.zip", advice="ask a friend", tries=3)
    assert 900_000 < (tmp_path / "a.zip.part").stat().st_size <= 1_000_000
    assert not (tmp_path / "a.zip").exists()


def test_a_wrong_checksum_is_an_error_and_nothing_is_left(server, tmp_path):
    with pytest.raises(InputError, match=rf"found sha256 {CHECKSUM}, wanted 00ff; removed, run again"):
        fetch(server.url, tmp_path / "a.zip", sha256="00ff")
    assert list(tmp_path.iterdir()) == []


def test_a_part_that_is_longer_than_the_file_is_an_error_and_removed(server, tmp_path):
    (tmp_path / "a.zip.part").write_bytes(CONTENT + b"more")
    with pytest.raises(InputError, match=r"found 10,240,004 bytes, wanted 10,240,000; removed"):
        fetch(server.url, tmp_path / "a.zip")
    assert list(tmp_path.iterdir()) == []


def test_an_answer_other_than_success_is_an_error(server, tmp_path):
    server.status = 404
    with pytest.raises(InputError, match=r"cannot be fetched to .*404"):
        fetch(server.url, tmp_path / "a.zip")


def test_without_network_address_target_and_advice_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(download, "PAUSE", 0.0)
    with pytest.raises(
        InputError, match=r"http://127.0.0.1:9/a.zip: cannot be fetched to .*a.zip: .*refused.*put it there"
    ):
        fetch("http://127.0.0.1:9/a.zip", tmp_path / "a.zip", advice="put it there", tries=2)


def archive(path, members):
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def test_wanted_members_are_unpacked(tmp_path):
    path = archive(
        tmp_path / "a.zip", {"train/1.jpg": "one", "train/2.jpg": "two", "other/3.jpg": "three", "train/": ""}
    )
    found = unpack(path, tmp_path / "out", ["train/"])
    assert [str(place.relative_to(tmp_path / "out")) for place in found] == ["train/1.jpg", "train/2.jpg"]
    assert (tmp_path / "out/train/2.jpg").read_text() == "two"
    assert not (tmp_path / "out/other").exists()


def test_a_member_that_is_missing_is_named_and_nothing_is_unpacked(tmp_path):
    path = archive(tmp_path / "a.zip", {"train/1.jpg": "one"})
    with pytest.raises(InputError, match=r"a.zip: found no member test/, wanted train/, test/"):
        unpack(path, tmp_path / "out", ["train/", "test/"])
    assert not (tmp_path / "out").exists()


def test_a_listing_names_path_and_size(tmp_path):
    files = unpack(archive(tmp_path / "a.zip", {"=1.jpg": "one"}), tmp_path / "out")
    write_listing(tmp_path / "files.csv", files)
    assert (tmp_path / "files.csv").read_text() == f"path,bytes\n{tmp_path}/out/=1.jpg,3\n"


@pytest.mark.parametrize("name", ["../evil.txt", "/evil.txt", "a/../../evil.txt", "..\\evil.txt", "c:/evil.txt"])
def test_an_archive_that_tries_to_leave_its_folder_is_refused_whole(tmp_path, name):
    path = archive(tmp_path / "a.zip", {"good.txt": "good", name: "evil"})
    with pytest.raises(
        InputError, match=r"a.zip: member .*evil.txt' is a path that leaves the folder.*nothing was unpacked"
    ):
        unpack(path, tmp_path / "out")
    assert [p.name for p in tmp_path.rglob("*")] == ["a.zip"]


def test_a_link_in_an_archive_is_refused(tmp_path):
    link = zipfile.ZipInfo("link")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr(link, "/etc/passwd")
    with pytest.raises(InputError, match=r"member 'link' is a link"):
        unpack(tmp_path / "a.zip", tmp_path / "out")


def tar(path, members):
    """A tar file of these members: text, or what a member is instead."""
    with tarfile.open(path, f"w:{path.suffix[1:]}" if path.suffix != ".tar" else "w") as file:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            if isinstance(content, str):
                member.size = len(content)
                file.addfile(member, io.BytesIO(content.encode()))
            else:
                member.type, member.linkname = content, "/etc/passwd"
                file.addfile(member)
    return path


@pytest.mark.parametrize("name", ["a.tar", "a.gz", "a.xz"])
def test_wanted_members_of_a_tar_file_are_unpacked(tmp_path, name):
    path = tar(
        tmp_path / name, {"in/1.jpg": "one", "out/2.jpg": "two", "in/deep/3.jpg": "three", "in": tarfile.DIRTYPE}
    )
    found = unpack(path, tmp_path / "to", ["in/1", "in/deep/"])
    assert [str(place.relative_to(tmp_path / "to")) for place in found] == ["in/1.jpg", "in/deep/3.jpg"]
    assert (tmp_path / "to/in/deep/3.jpg").read_text() == "three" and not (tmp_path / "to/out").exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        *(("../evil", "evil"), ("/evil", "evil"), ("a/../../evil", "evil")),
        *(("evil", kind) for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE)),
    ],
)
def test_a_tar_file_that_tries_to_leave_its_folder_is_refused_whole(tmp_path, name, content):
    path = tar(tmp_path / "a.tar", {"good.txt": "good", name: content})
    with pytest.raises(InputError, match=r"a.tar: member .*evil' is a .*nothing was unpacked"):
        unpack(path, tmp_path / "out")
    assert not (tmp_path / "out").exists() and not (tmp_path / "evil").exists()


def test_a_tar_file_that_ends_too_early_leaves_no_half_file(tmp_path):
    path = tar(tmp_path / "a.gz", {f"{number}.txt": str(number) * 100_000 for number in range(9)})
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(InputError, match=r"a.gz: cannot be unpacked into"):
        unpack(path, tmp_path / "out")
    assert not list(tmp_path.rglob("*.part"))


def test_an_md5_is_compared_where_no_sha256_is_known(server, tmp_path):
    assert fetch(server.url, tmp_path / "a.zip", md5=hashlib.md5(CONTENT).hexdigest()).read_bytes() == CONTENT
    with pytest.raises(InputError, match=r"found md5 \w{32}, wanted 00ff; removed"):
        fetch(server.url, tmp_path / "b.zip", md5="00ff")
    assert fetch(server.url, tmp_path / "c.zip", md5="00ff", sha256=CHECKSUM).read_bytes() == CONTENT


def test_a_broken_archive_is_an_error_and_leaves_no_half_file(tmp_path):
    path = archive(tmp_path / "a.zip", {"1.txt": "one" * 1000})
    content = bytearray(path.read_bytes())
    content[60] ^= 255
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"a.zip: cannot be unpacked .*Bad CRC-32"):
        unpack(path, tmp_path / "out")
    assert not (tmp_path / "out" / "1.txt").exists()
    path.write_bytes(content[:100])
    with pytest.raises(InputError, match=r"a.zip: cannot be unpacked"):
        unpack(path, tmp_path / "out")
