"""Addresses of downloads: what is one, and which other address a server may send the download to."""

import hashlib
import ipaddress
import re
from pathlib import PurePosixPath
from urllib.parse import SplitResult, urljoin, urlsplit

from requests.utils import requote_uri

from spml.runtime.errors import InputError

STORES = {  # host of a published address to the beginnings of the addresses that it is known to redirect to
    "data.caltech.edu": ("https://s3.us-west-2.amazonaws.com/caltechdata/",),
}
WANTED = "wanted an address such as https://host/path/file.zip"


def parts(url: str) -> SplitResult:
    """Return the parts of an address; raise InputError unless it is an http or https address of a host."""
    if re.search(r"[^\x21-\x7e]", url):
        raise InputError(
            f"{url!r}: found a blank, a control character or a letter that is not ASCII in an address; {WANTED}, "
            "with such characters percent-encoded (in a host: punycode)"
        )
    hidden = re.sub(r"//[^/?#]*@", "//", url)
    if hidden != url:
        raise InputError(
            f"{hidden}: found a user name or password in the address, which logs and records would show; wanted it in "
            "~/.netrc"
        )
    try:
        address = urlsplit(url)
        host, port = address.hostname, address.port
    except ValueError as error:
        raise InputError(f"{url}: not an address ({error}); {WANTED}") from error
    if address.scheme not in ("http", "https"):
        raise InputError(f"{url}: found {address.scheme or 'no'} protocol, wanted http or https")
    if not host or port == 0 or not _is_host(host):
        raise InputError(f"{url}: found no host, or one that is none; {WANTED}")
    return address


def _is_host(host: str) -> bool:
    """Return whether this is an IP address, or labels of at most 63 letters, digits, hyphens and underscores."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        labels = host.removesuffix(".").split(".")
        return len(host) <= 253 and all(
            re.fullmatch(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?", x) for x in labels
        )
    return True


def file_name(url: str) -> str:
    """Return the name that a download is stored by: the last part of the path of its address; errors as ``parts``."""
    name = PurePosixPath(parts(url).path).name
    if name in ("", ".", ".."):
        raise InputError(f"{url}: its path ends with no file name; {WANTED}")
    return name


def stored_as(url: str) -> str:
    """Return the path that a download is stored by: its file name, in a folder of this address; errors as ``parts``.

    Of two addresses that end in one name, neither is taken for the other.
    """
    name = file_name(url)
    return f"{hashlib.sha256(url.encode()).hexdigest()[:16]}/{name}"


def redirected(first: str, url: str, location: str) -> str:
    """Return the address that ``url``, reached from ``first``, redirects to.

    Raises
    ------
    InputError
        Unless it lies on the host of ``first``, on a host below that one, or in a store of ``STORES``; also when it
        gives up https.
    """
    try:
        target = requote_uri(urljoin(url, location))
        address = parts(target)
    except (InputError, ValueError) as error:
        raise InputError(f"{first}: redirects to something that is no address: {error}") from error
    if parts(url).scheme == "https" and address.scheme == "http":
        raise InputError(f"{first}: redirects from https to {target}, which is not encrypted; wanted https throughout")
    host = parts(first).hostname or ""
    if not (_same(host, address.hostname or "") or target.startswith(STORES.get(host, ()))):
        raise InputError(
            f"{first}: redirects to another host, {target}; wanted {host}: if you trust the other host, name that "
            "address in config.yaml"
        )
    return target


def _same(host: str, other: str) -> bool:
    """Return whether ``other`` is this host, or a host below it; ``www.`` does not count."""
    host = host.removeprefix("www.")
    return other == host or ("." in host and not host[-1].isdigit() and other.endswith(f".{host}"))
