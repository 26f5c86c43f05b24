"""A Hugging Face hub on the loopback interface: repositories out of folders, as huggingface_hub asks for them."""

import contextlib
import hashlib
import http.server
import re

import loopback

COMMIT = "0" * 39 + "1"


@contextlib.contextmanager
def serving(folder, gated=(), damaged=()):
    """Yield the address of a hub; repository a/b lies in ``folder``/a/b, every revision is the same.

    ``gated`` are repositories whose licence nobody accepted, ``damaged`` files whose content is not what their checksum says.
    """

    class Hub(http.server.BaseHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

        def do_HEAD(self):
            self.answer(False)

        def do_GET(self):
            self.answer(True)

        def answer(self, whole):
            found = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", self.path.partition("?")[0])
            repository, revision, name = found.groups() if found else ("", "", "")
            if not found or not (folder / repository).is_dir():
                return self.refuse(401, "RepoNotFound")
            if repository in gated:
                return self.refuse(403, "GatedRepo")
            if revision == "nowhere":
                return self.refuse(404, "RevisionNotFound")
            if not (folder / repository / name).is_file():
                return self.refuse(404, "EntryNotFound")
            content = (folder / repository / name).read_bytes()
            checksum = hashlib.sha256(content).hexdigest()
            if name in damaged:
                content = content[:-1] + bytes([content[-1] ^ 1])
            self.send_response(200)
            self.send_header("ETag", f'"{checksum}"')
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if whole:
                self.wfile.write(content)

        def refuse(self, status, code):
            self.send_response(status)
            self.send_header("X-Error-Code", code)
            self.send_header("Content-Length", "0")
            self.end_headers()

    with loopback.answering(Hub) as (_, address):
        yield address
