"""Servers on the loopback interface."""

import contextlib
import functools
import http.server
import threading


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@contextlib.contextmanager
def answering(handler, kind=http.server.ThreadingHTTPServer):
    """Yield a server that answers by this handler until the block ends, and its address."""
    with kind(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server, f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def serving(folder):
    """Yield the address that serves a folder until the block ends."""
    with answering(functools.partial(Quiet, directory=str(folder))) as (_, address):
        yield address
