"""Weights of the Hugging Face hub, or of a folder in its layout: a file of weights, perhaps with a description beside it."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

import huggingface_hub
from huggingface_hub import constants, errors

from spml.artifacts.checksums import digest
from spml.features.libraries.catalog import Remote
from spml.runtime.errors import InputError

Config = dict[str, Any] | None
ENDPOINT = constants.ENDPOINT  # or that of the environment variable HF_ENDPOINT


def fetch(remote: Remote, folder: Path, key: str) -> tuple[Path, Config, str]:
    """Return the file of weights, its description where the library wants one, and where they come from.

    Files of the hub are kept in ``folder``, and a download goes on where it stopped. ``key`` is that of the backbone in the
    configuration, for messages.

    Raises
    ------
    InputError
        Without a connection, without access, where the hub has no such repository, revision or file, where a checksum
        differs: names the repository and what to do.
    """
    if remote.folder:
        path = _first(Path(remote.folder), remote.names, key)
        return path, read_config(remote, folder, key), str(path)
    repository, _, revision = remote.repository.partition("@")
    for name in remote.names:
        found = _download(repository, name, revision, folder, key)
        if found:
            return (
                found,
                read_config(remote, folder, key),
                f"{ENDPOINT}/{remote.repository}/{name}",
            )
    raise InputError(
        f"{key}.model: the hub's {remote.repository} has none of {', '.join(remote.names)}; wanted a repository of that library"
    )


def read_config(remote: Remote, folder: Path, key: str) -> Config:
    """Return the description of a network, if the library keeps it beside the weights; errors as ``fetch``."""
    if not remote.config:
        return None
    path: Path | None = Path(remote.folder) / remote.config
    if not remote.folder:
        repository, _, revision = remote.repository.partition("@")
        path = _download(repository, remote.config, revision, folder, key)
    if not path or not path.is_file():
        raise InputError(
            f"{key}.model: {remote.folder or remote.repository} has no {remote.config}; wanted a model that was saved by the library"
        )
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: not JSON ({error}); wanted the description of a network") from error
    if not isinstance(config, dict):
        raise InputError(f"{path}: found a {type(config).__name__}, wanted an object that describes a network")
    return config


def _first(folder: Path, names: Sequence[str], key: str) -> Path:
    """Return the first of these files that a folder has."""
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise InputError(
        f"{key}.model: {folder} has none of {', '.join(names)}; wanted a model that was saved by the library"
    )


def _download(repository: str, name: str, revision: str, folder: Path, key: str) -> Path | None:
    """Return a file of a repository, whole and with the checksum that the hub has for it; None where it has no such file."""
    place = f"{ENDPOINT}/{repository}"
    target = folder / repository.replace("/", "--") / (revision or "main")
    by_hand = f"fetch {name} by other means and name the file in config.yaml, {key}.weights"
    try:
        commit = revision or None
        url = huggingface_hub.hf_hub_url(repository, name, revision=commit, endpoint=ENDPOINT)
        wanted = huggingface_hub.get_hf_file_metadata(url, endpoint=ENDPOINT)
        path = Path(
            huggingface_hub.hf_hub_download(repository, name, revision=commit, local_dir=target, endpoint=ENDPOINT)
        )
    except errors.GatedRepoError as error:
        raise InputError(
            f"{place}: its owner asks for a licence to be accepted first: do so on that page, then run `hf auth login` or set "
            f"HF_TOKEN; or {by_hand}"
        ) from error
    except errors.EntryNotFoundError as error:
        if isinstance(error, errors.LocalEntryNotFoundError):
            raise InputError(f"{place}: cannot be reached. Without network: {by_hand}") from error
        return None
    except errors.RevisionNotFoundError as error:
        raise InputError(
            f"{key}.model: {place} has no revision {revision!r}; wanted one of its branches, tags or commits"
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise InputError(
            f"{key}.model: {place} is not there, or not for you to see; wanted the name of a repository"
        ) from error
    except errors.HFValidationError as error:
        raise InputError(f"{key}.model: found {repository!r}, wanted name/name of a repository of the hub") from error
    except Exception as error:  # of the network: the library lets through those of the client that it uses
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"{place}/{name}: cannot be fetched ({first}). Without network: {by_hand}") from error
    checksum = (wanted.etag or "").strip('"')
    if len(checksum) == 64 and digest(path, "sha256") != checksum:
        path.unlink()
        raise InputError(f"{place}/{name}: found another sha256 than the hub's {checksum}; removed, run again")
    return path
