"""Servers and archives that are broken or mean harm: each ends in one sentence, and nothing is written elsewhere."""

import contextlib
import hashlib
import http.server
import io
import os
import socket
import tarfile
import threading
import zipfile
from pathlib import Path

import pytest
import requests
import urllib3

from loopback import answering
from spml.data import addresses, download
from spml.data.archives import unpack
from spml.data.download import fetch
from spml.runtime.errors import InputError

WHOLE = b"abcdef"


class Scripted(http.server.BaseHTTPRequestHandler):
    """Answers the requests in turn, the last answer again and again: (status, headers, body)."""

    def do_GET(self):
        self.server.asked.append((self.path, self.headers.get("Range")))
        answers = self.server.answers
        status, headers, body = answers.pop(0) if len(answers) > 1 else answers[0]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(download, "PAUSE", 0.0)
    with answering(Scripted, http.server.HTTPServer) as (server, address):  # one request at a time
        server.asked, server.answers = [], [(200, {"Content-Length": str(len(WHOLE))}, WHOLE)]
        server.port, server.url = server.server_address[1], f"{address}/a.zip"
        yield server


def refused(server, folder, message, begun=b"", **options):
    """Fetch from the server; it must end in one sentence, without a file."""
    target = folder / "a.zip"
    if begun:
        (folder / "a.zip.part").write_bytes(begun)
    with pytest.raises(InputError, match=message) as error:
        fetch(server.url, target, tries=2, **options)
    assert "\n" not in str(error.value) and not target.exists()


# -- redirects


def to(location, status=302):
    return (status, {"Location": location, "Content-Length": "0"}, b"")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_on_the_same_host_is_followed_and_the_range_is_asked_for_again(server, tmp_path, status):
    (tmp_path / "a.zip.part").write_bytes(b"ab")
    rest = (206, {"Content-Range": "bytes 2-5/6", "Content-Length": "4"}, b"cdef")
    server.answers = [to("/other%20place/ü?x=1".encode().decode("latin-1"), status), rest]
    assert fetch(server.url, tmp_path / "a.zip").read_bytes() == WHOLE
    assert server.asked == [("/a.zip", "bytes=2-"), ("/other%20place/%C3%BC?x=1", "bytes=2-")]


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("http://localhost:9/a.zip", "redirects to another host, http://localhost:9/a.zip; wanted 127.0.0.1"),
        ("http://127.0.0.1.evil.org/a.zip", "redirects to another host"),
        ("http://evil.127.0.0.1/a.zip", "redirects to another host"),
        ("//evil.org/a.zip", "redirects to another host, http://evil.org/a.zip"),
        ("file:///etc/passwd", "redirects to something that is no address: .*found file protocol"),
        ("ftp://127.0.0.1/a.zip", "redirects to something that is no address: .*found ftp protocol"),
        ("http://me:secret@127.0.0.1/a.zip", "redirects to something that is no address: http://127.0.0.1/a.zip"),
        ("http://[::1/a.zip", "redirects to something that is no address"),
        ("http://.host/a.zip", "redirects to something that is no address: .*found no host"),
    ],
)
def test_a_redirect_elsewhere_is_refused(server, tmp_path, location, message):
    server.answers = [to(location)]
    refused(server, tmp_path, message)
    assert len(server.asked) == 1


def test_a_circle_of_redirects_ends(server, tmp_path):
    server.answers = [to("/a.zip")]
    refused(server, tmp_path, "found more than 10 redirects")
    assert len(server.asked) == 11


@pytest.mark.parametrize(
    ("first", "url", "location", "allowed"),
    [
        ("https://host.org/a", "https://host.org/a", "https://host.org/b", True),
        ("https://host.org/a", "https://host.org/a", "https://www.host.org/a", True),
        ("https://www.host.org/a", "https://www.host.org/a", "https://host.org/a", True),
        ("https://host.org/a", "https://host.org/a", "https://files.host.org/a", True),
        ("https://host.org/a", "https://host.org/a", "https://ahost.org/a", False),
        ("https://host.org/a", "https://host.org/a", "https://host.org.evil.com/a", False),
        ("http://host.org/a", "http://host.org/a", "https://host.org/a", True),
        ("https://host.org/a", "https://host.org/a", "http://host.org/a", False),
        ("http://host.org/a", "https://host.org/a", "http://host.org/b", False),
        (
            "https://data.caltech.edu/a",
            "https://data.caltech.edu/a",
            "https://s3.us-west-2.amazonaws.com/caltechdata/96/x?a=b",
            True,
        ),
        (
            "https://data.caltech.edu/a",
            "https://data.caltech.edu/a",
            "https://s3.us-west-2.amazonaws.com/evil/96/x",
            False,
        ),
        ("https://host.org/a", "https://host.org/a", "https://s3.us-west-2.amazonaws.com/caltechdata/96/x", False),
    ],
)
def test_where_an_address_may_redirect_to(first, url, location, allowed):
    if allowed:
        assert addresses.redirected(first, url, location) == location
    else:
        with pytest.raises(InputError, match=f"^{first}: redirects (to another host|from https to)"):
            addresses.redirected(first, url, location)


# -- addresses


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://host/a b.zip", "found a blank"),
        ("http://host/a.zip\n", "found a blank"),
        ("http://münchen.de/a.zip", "not ASCII .*punycode"),
        ("", "found no protocol"),
        ("host/a.zip", "found no protocol"),
        ("file:///etc/passwd", "found file protocol, wanted http or https"),
        ("http:///a.zip", "found no host"),
        ("http://.host/a.zip", "found no host"),
        ("http://host..org/a.zip", "found no host"),
        (f"http://{'a' * 64}.org/a.zip", "found no host"),
        ("http://-host/a.zip", "found no host"),
        ("http://host:port/a.zip", "not an address .*[Pp]ort"),
        ("http://host:99999/a.zip", "not an address .*[Pp]ort"),
        ("http://host:0/a.zip", "found no host"),
        ("http://[::1/a.zip", "not an address"),
        ("http://[::g]/a.zip", "not an address|found no host"),
    ],
)
def test_an_address_that_is_none_is_refused_before_anything_is_asked(tmp_path, url, message):
    with pytest.raises(InputError, match=message) as error:
        fetch(url, tmp_path / "a.zip")
    assert "\n" not in str(error.value) and os.listdir(tmp_path) == []


def test_a_password_in_an_address_is_refused_and_not_repeated(tmp_path):
    for url in ("http://me:secret@host/a.zip", "http://me:se:cret@host:port/a.zip"):
        with pytest.raises(InputError, match=r"^http://host(:port)?/a.zip: found a user name or password") as error:
            fetch(url, tmp_path / "a.zip")
        assert "cret" not in str(error.value)


def test_a_download_is_named_by_the_end_of_its_path():
    assert addresses.file_name("https://host/x/weights-1.pth?download=a/b.zip#c") == "weights-1.pth"
    for url in ("https://host", "https://host/", "https://host/a/..", "https://host/?a=b.zip"):
        with pytest.raises(InputError, match="its path ends with no file name"):
            addresses.file_name(url)


def test_two_addresses_that_end_in_one_name_are_stored_apart():
    stored = [addresses.stored_as(f"https://host/{folder}/weights.pth") for folder in "ab"]
    assert len(set(stored)) == 2 and all(Path(name).name == "weights.pth" for name in stored)
    assert addresses.stored_as("https://host/a/weights.pth") == stored[0]


# -- what a server says of the bytes that it sends


@pytest.mark.parametrize(
    "content_range",
    ["bytes 0-3/6", "bytes 3-6/7", "bytes 2-4/6", "bytes 2-5/7", "bytes */6", "2-5/6", "bytes 2-x/6", "", None],
)
def test_another_range_than_the_one_asked_for_is_never_appended(server, tmp_path, content_range):
    (tmp_path / "a.zip.part").write_bytes(b"ab")
    headers = {"Content-Length": "4"} | ({} if content_range is None else {"Content-Range": content_range})
    server.answers.insert(0, (206, headers, b"full"))
    assert fetch(server.url, tmp_path / "a.zip").read_bytes() == WHOLE
    assert [asked for _, asked in server.asked] == ["bytes=2-", None]


def test_a_range_whose_length_is_another_is_never_appended(server, tmp_path):
    (tmp_path / "a.zip.part").write_bytes(b"ab")
    server.answers.insert(0, (206, {"Content-Range": "bytes 2-5/6", "Content-Length": "5"}, b"cdefg"))
    assert fetch(server.url, tmp_path / "a.zip").read_bytes() == WHOLE


@pytest.mark.parametrize("content_range", ["bytes 2-5/6", "bytes 2-5/*"])
def test_the_range_asked_for_is_appended(server, tmp_path, content_range):
    (tmp_path / "a.zip.part").write_bytes(b"ab")
    server.answers = [(206, {"Content-Range": content_range, "Content-Length": "4"}, b"cdef")]
    assert fetch(server.url, tmp_path / "a.zip").read_bytes() == WHOLE


def test_a_server_that_has_nothing_more_and_does_not_say_how_much_there_is_sends_all_of_it_again(server, tmp_path):
    for headers in ({}, {"Content-Range": "bytes */²"}, {"Content-Range": "bytes */*"}):
        server.answers.insert(0, (416, headers | {"Content-Length": "0"}, b""))
        (tmp_path / "a.zip.part").write_bytes(b"something else")
        assert fetch(server.url, tmp_path / "a.zip").read_bytes() == WHOLE
        (tmp_path / "a.zip").unlink()


def test_a_server_that_ignores_the_range_is_read_from_the_start(server, tmp_path):
    (tmp_path / "a.zip.part").write_bytes(b"xy")
    assert fetch(server.url, tmp_path / "a.zip").read_bytes() == WHOLE
    assert len(server.asked) == 1


@pytest.mark.parametrize("length", ["-6", "abc", "6.0", "+6", "0x6", "6, 7", "9" * 30, ""])
def test_a_content_length_that_is_no_number_is_refused(server, tmp_path, length):
    server.answers = [(200, {"Content-Length": length}, WHOLE)]
    refused(server, tmp_path, "Content-Length")


def test_fewer_bytes_than_announced_are_no_file(server, tmp_path):
    server.answers = [(200, {"Content-Length": "9"}, WHOLE)]
    refused(server, tmp_path, r"cannot be fetched to .*a.zip: ")


def test_more_bytes_than_announced_are_not_taken(server, tmp_path):
    server.answers = [(200, {"Content-Length": "6"}, WHOLE + b"more")]
    assert fetch(server.url, tmp_path / "a.zip").read_bytes() == WHOLE


def test_chunks_that_hold_more_than_a_range_announced_are_refused_and_removed(server, tmp_path):
    headers = {"Content-Range": "bytes 2-5/6", "Transfer-Encoding": "chunked"}
    server.answers = [(206, headers, b"7\r\ncdefghi\r\n0\r\n\r\n")]
    Scripted.protocol_version = "HTTP/1.1"
    try:
        refused(server, tmp_path, "found 9 bytes, wanted 6; removed", begun=b"ab")
    finally:
        Scripted.protocol_version = "HTTP/1.0"
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "br", "nonsense"])
def test_a_file_that_is_sent_compressed_is_refused(server, tmp_path, encoding):
    server.answers = [(200, {"Content-Length": "6", "Content-Encoding": encoding}, WHOLE)]
    refused(server, tmp_path, f"found Content-Encoding '{encoding}', wanted the bytes of the file themselves")


@pytest.mark.parametrize("status", [202, 204, 206, 300, 304])
def test_an_answer_without_the_file_is_refused(server, tmp_path, status):
    server.answers = [(status, {"Content-Length": "0"}, b"")]
    refused(server, tmp_path, f"answered {status} .*, wanted 200 OK")


def test_an_answer_that_is_no_http_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(download, "PAUSE", 0.0)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer():
            with contextlib.suppress(OSError):
                while True:
                    with listening.accept()[0] as connection:
                        connection.recv(1000)
                        connection.sendall(b"SSH-2.0-OpenSSH\r\n")

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        with pytest.raises(InputError, match="cannot be fetched to") as error:
            fetch(f"http://127.0.0.1:{listening.getsockname()[1]}/a.zip", tmp_path / "a.zip", tries=2)
        assert "\n" not in str(error.value)


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 " + b"O" * 70_000 + b"\r\n\r\n",
        OK + b"A: " + b"a" * 70_000 + b"\r\n\r\n",
        OK + b"A: a\r\n" * 200 + b"\r\n",
        OK + b"Content-Length: 10\r\n\r\nabc",
        OK + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
        CHUNKED + b"zz\r\nabc\r\n0\r\n\r\n",
        CHUNKED + b"-5\r\nabc\r\n0\r\n\r\n",
        CHUNKED + b"5\r\nabc",
        CHUNKED + b"1" * 70_000,
        b"HTTP/1.1 302 Found\r\nLocation: http://[::1/a.zip\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: //\xff\xfe/a.zip\r\n\r\n",
    ],
    ids=lambda answer: repr(answer[:60]),
)
@pytest.mark.parametrize("protocol", ["http", "https"])
def test_a_broken_answer_is_one_sentence(tmp_path, monkeypatch, answer, protocol):
    monkeypatch.setattr(download, "PAUSE", 0.0)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def send():
            with contextlib.suppress(OSError):
                while True:
                    with listening.accept()[0] as connection, contextlib.suppress(ConnectionError):
                        connection.recv(1000)
                        connection.sendall(answer)

        threading.Thread(target=send, daemon=True).start()
        url = f"{protocol}://127.0.0.1:{listening.getsockname()[1]}/a.zip"
        with pytest.raises(InputError) as error:
            fetch(url, tmp_path / "a.zip", tries=2)
        assert str(error.value).startswith("http") and "\n" not in str(error.value)
    assert not (tmp_path / "a.zip").exists()


def test_a_server_that_falls_silent_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(download, "TIMEOUT", (5.0, 0.1))
    monkeypatch.setattr(download, "PAUSE", 0.0)
    with socket.create_server(("127.0.0.1", 0)) as listening, pytest.raises(InputError, match="timed out"):
        fetch(f"http://127.0.0.1:{listening.getsockname()[1]}/a.zip", tmp_path / "a.zip", tries=2)


@pytest.mark.parametrize("name", ["LocationParseError", "DecodeError", "SSLError", "ProtocolError", "ResponseError"])
def test_an_error_that_requests_does_not_wrap_is_one_sentence(tmp_path, monkeypatch, name):
    def broken(*arguments, **options):
        raise getattr(urllib3.exceptions, name)("reason")

    monkeypatch.setattr(requests.Session, "get", broken)
    with pytest.raises(InputError, match=r"http://host/a.zip: cannot be fetched to .*reason"):
        fetch("http://host/a.zip", tmp_path / "a.zip")


# -- where it is written


@pytest.mark.parametrize("kind", ["link", "dead link", "folder", "FIFO"])
def test_nothing_is_fetched_through_a_link_or_to_what_is_no_file(server, tmp_path, kind):
    part, victim = tmp_path / "a.zip.part", tmp_path / "victim"
    victim.write_bytes(b"precious")
    if kind == "folder":
        part.mkdir()
    elif kind == "FIFO":
        os.mkfifo(part)
    else:
        part.symlink_to(victim if kind == "link" else tmp_path / "nowhere")
    refused(server, tmp_path, r"a.zip.part: found a link or no plain file, wanted none or a file: remove it")
    assert victim.read_bytes() == b"precious" and not (tmp_path / "nowhere").exists() and server.asked == []


def test_a_folder_where_the_file_is_to_be_is_named(server, tmp_path):
    (tmp_path / "a.zip").mkdir()
    with pytest.raises(InputError, match=r"a.zip: found no plain file"):
        fetch(server.url, tmp_path / "a.zip")


def test_a_link_to_a_file_that_came_by_other_means_is_used(server, tmp_path):
    (tmp_path / "elsewhere.zip").write_bytes(WHOLE)
    (tmp_path / "a.zip").symlink_to("elsewhere.zip")
    assert fetch(server.url, tmp_path / "a.zip", sha256=hashlib.sha256(WHOLE).hexdigest()).read_bytes() == WHOLE
    assert server.asked == []
    with pytest.raises(InputError, match="found sha256"):
        fetch(server.url, tmp_path / "a.zip", sha256="00ff")
    assert (tmp_path / "elsewhere.zip").read_bytes() == WHOLE


def test_a_name_that_is_too_long_is_one_sentence(server, tmp_path):
    with pytest.raises(InputError, match="cannot be written: File name too long"):
        fetch(server.url, tmp_path / ("a" * 255))


# -- members of archives


def zipped(path, *members):
    """Write a zip file of (name or ZipInfo, text); names reach the file as they are."""
    with zipfile.ZipFile(path, "w") as file:
        for name, text in members:
            info = name
            if isinstance(name, str):
                info = zipfile.ZipInfo("x")
                info.filename = name
            file.writestr(info, text)
    return path


def tarred(path, *members):
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as file:
        for name, text in members:
            info = tarfile.TarInfo(name)
            info.size = len(text)
            file.addfile(info, io.BytesIO(text.encode()))
    return path


BAD_NAMES = [
    "",
    ".",
    "/",
    "./",
    "a//b",
    "a/.",
    "a/./b",
    "a\\b",
    "ü\x00b",
    "a\nb",
    "/etc/x",
    "../x",
    "a/../b",
    "\\x",
    "c:x",
]


@pytest.mark.parametrize("name", BAD_NAMES, ids=repr)
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_member_without_a_proper_name_is_refused_and_nothing_is_unpacked(tmp_path, kind, name):
    path = (zipped if kind == "zip" else tarred)(tmp_path / f"a.{kind}", ("good", "good"), (name, "bad"))
    if kind == "zip" and name.endswith("/"):
        assert unpack(path, tmp_path / "out") == [tmp_path / "out/good"]  # a folder, which is not unpacked
        return
    with pytest.raises(InputError, match=r"member .* is (a path that leaves|not a proper path)") as error:
        unpack(path, tmp_path / "out")
    assert "\n" not in str(error.value) and not (tmp_path / "out").exists()


def test_a_tar_name_that_is_no_utf8_is_refused(tmp_path):
    path = tarred(tmp_path / "a.tar", ("a\udcff", "x"))
    with pytest.raises(InputError, match=r"member 'a\\udcff' is not a proper path"):
        unpack(path, tmp_path / "out")


@pytest.mark.parametrize(
    ("one", "other", "message"),
    [
        ("a/b.jpg", "a/b.jpg", "members 'a/b.jpg' and 'a/b.jpg' have one name"),
        ("a/b.jpg", "A/B.JPG", "have one name, letter case aside"),
        ("./a", "a", "have one name"),
        ("\u00e9.jpg", "e\u0301.jpg", "have one name"),
        ("a", "a/b", "member 'a' is a file and the folder of 'a/b'"),
        ("A", "a/b/c", "member 'A' is a file and the folder of 'a/b/c'"),
    ],
)
@pytest.mark.parametrize("kind", ["zip", "tar"])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_members_of_one_name_are_refused(tmp_path, kind, one, other, message):
    path = (zipped if kind == "zip" else tarred)(tmp_path / f"a.{kind}", (one, "1"), (other, "2"))
    with pytest.raises(InputError, match=message):
        unpack(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("mode", [0o120777, 0o020666, 0o060666, 0o010666, 0o140777])
def test_a_zip_member_that_is_a_link_or_a_device_is_refused(tmp_path, mode):
    info = zipfile.ZipInfo("x")
    info.create_system, info.external_attr = 3, mode << 16
    with pytest.raises(InputError, match="member 'x' is a link or no plain file"):
        unpack(zipped(tmp_path / "a.zip", (info, "/etc/passwd")), tmp_path / "out")


def test_an_encrypted_member_is_one_sentence(tmp_path):
    path = zipped(tmp_path / "a.zip", ("x", "secret"))
    content = bytearray(path.read_bytes())
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"a.zip: cannot be unpacked into .*encrypted"):
        unpack(path, tmp_path / "out")


@pytest.mark.parametrize("link", ["in", "in/deep", "in/deep/1.jpg", "in/deep/.1.jpg.part"])
@pytest.mark.parametrize("dead", [False, True])
def test_a_link_in_the_folder_is_not_followed(tmp_path, link, dead):
    path = zipped(tmp_path / "a.zip", ("in/deep/1.jpg", "new"))
    elsewhere = tmp_path / "elsewhere"
    is_file = link.endswith((".jpg", ".part"))
    if not dead:
        elsewhere.write_text("old") if is_file else elsewhere.mkdir()
    (tmp_path / "out" / link).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "out" / link).symlink_to(elsewhere)
    if link.endswith(".part"):  # a name of ours: it is removed
        unpack(path, tmp_path / "out")
        assert (tmp_path / "out/in/deep/1.jpg").read_text() == "new"
    else:
        with pytest.raises(InputError, match=rf"{link} is a link to .*elsewhere, wanted to unpack there; remove it"):
            unpack(path, tmp_path / "out")
    if dead:
        assert not elsewhere.exists()
    else:
        assert elsewhere.read_text() == "old" if is_file else os.listdir(elsewhere) == []


def test_the_folder_itself_may_be_a_link(tmp_path):
    (tmp_path / "large disk").mkdir()
    (tmp_path / "out").symlink_to("large disk")
    assert unpack(zipped(tmp_path / "a.zip", ("1.jpg", "x")), tmp_path / "out") == [tmp_path / "out/1.jpg"]
    assert (tmp_path / "large disk/1.jpg").read_text() == "x"


@pytest.mark.parametrize(("there", "message"), [("in", "in is not a folder"), ("in/1.jpg", "1.jpg is not a file")])
def test_what_is_in_the_way_is_named(tmp_path, there, message):
    place: Path = tmp_path / "out" / there
    if there == "in":
        place.parent.mkdir()
        place.touch()
    else:
        place.mkdir(parents=True)
    with pytest.raises(InputError, match=f"{message}, wanted to unpack there; remove it"):
        unpack(zipped(tmp_path / "a.zip", ("in/1.jpg", "x")), tmp_path / "out")
