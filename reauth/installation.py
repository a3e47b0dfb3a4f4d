"""What an installation consists of: its settings file, its secrets, its CA, its address map.

What can be made is made on the first run, and never over something that is there; what others
could read is refused, with the command that mends it.
"""

import csv
import fcntl
import ipaddress
import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reauth import ca
from reauth.claim import Keys, keys_from_text, keys_to_text
from reauth.errors import ReauthError, SettingsError
from reauth.secret_file import create_secret, read_secret
from reauth.settings import ENVIRONMENT_PREFIX, Settings, keys, parse, secret_files
from reauth.severity import Assets, assets_of
from reauth.store.templates import from_parts, to_parts
from reauth.template import Template

DAY = 86_400.0
LOCK, RUNNING = "running.lock", "running.json"
"""In the state folder: whose it is, and where everything listens, for other commands to find."""


def now() -> float:
    """Seconds since 1970, by an aware clock."""
    return datetime.now(UTC).timestamp()


def load_settings(
    path: Path | None,
    overrides: Sequence[str] = (),
    environment: Mapping[str, str] = os.environ,
) -> Settings:
    """Read the settings file, secret files, the environment and the command line.

    Parameters
    ----------
    path
        mitm.toml; relative paths in it start at the folder of this name, wherever it links to.
        None where there is none and the shipped defaults will do.
    overrides
        "section.key=value" of the command line; lists and numbers as JSON.
    environment
        Variables `REAUTH_SECTION__KEY`, or `..._FILE` with the name of a file that holds it,
        which is read where the variable itself is not set.

    Raises
    ------
    SettingsError
        If the file or one that it names is missing, or any key or value of these is wrong.
    """
    text = "" if path is None else _text(path)
    asked = secret_files(environment).items()
    named = {variable: file for variable, file in asked if variable not in environment}
    settings = parse(
        text,
        name="the defaults" if path is None else str(path),
        folder=str(Path.cwd() if path is None else path.absolute().parent),
        secrets={
            variable: read_secret(file, f"{variable}_FILE") for variable, file in named.items()
        },
        environment=environment,
        overrides=dict(_override(told) for told in overrides),
    )
    _look_for_files(settings)
    return settings


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise SettingsError(
            f"cannot read {path}: {error.strerror}; name the settings file with --config FILE"
        ) from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path} is not UTF-8 text") from None


def template_codec() -> tuple[
    Callable[[Template], tuple[str, bytes]], Callable[[str, bytes], Template]
]:
    """How the store writes a template and reads one, for whoever keeps templates elsewhere."""
    return to_parts, from_parts


_FILES = (
    ("proxy", "upstream_ca"),
    ("console", "tls_cert"),
    ("console", "tls_key"),
    ("identity", "htpasswd"),
    ("identity", "address_map"),
    ("sinks", "webhook_secret_file"),
    ("alerts", "assets"),
)
"""Keys that name a file which we never make."""


def _look_for_files(settings: Settings) -> None:
    for section, name in _FILES:
        file = getattr(getattr(settings, section), name)
        if file is not None and (os.path.isdir(file) or not os.path.exists(file)):
            raise SettingsError(
                f"{section}.{name}: there is no file {file}; make it, or name another"
            )


def _override(told: str) -> tuple[str, Any]:
    name, equals, value = told.partition("=")
    if not equals or "." not in name:
        raise SettingsError(f"--set {told}: write SECTION.KEY=VALUE")
    types = {f"{key.section}.{key.name}": key.type for key in keys()}
    if types.get(name, str) in (str, str | None):  # a name that is none is refused as such
        return name, value
    try:
        return name, json.loads(value)
    except ValueError:
        raise SettingsError(
            f'--set {name}: the value must be JSON, such as 5, true or ["a"]'
        ) from None


def variables(overrides: Sequence[str]) -> dict[str, str]:
    """The command line's settings as environment variables, for a process that we start."""
    split = (told.partition("=") for told in overrides)
    return {
        f"{ENVIRONMENT_PREFIX}{name.replace('.', '__', 1)}".upper(): value
        for name, _, value in split
    }


def ensure_state(settings: Settings) -> None:
    """Make the state folder where it is missing.

    Raises
    ------
    SettingsError
        If it can be neither made nor written to.
    """
    folder = Path(settings.state.path)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise SettingsError(
            f"state.path: cannot make {folder}: {error.strerror}; name another folder"
        ) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise SettingsError(f"state.path: {folder} may not be written to by this user")


def ensure_keys(settings: Settings) -> Keys:
    """The token and claim secrets; made on the first run, mode 0600.

    Raises
    ------
    SettingsError
        If others may read the file; the message names the chmod to run.
    ClaimError
        If it is no key file of ours.
    """
    path = settings.keys_path
    if not Path(path).exists():
        made = Keys(secrets.token_hex(8), (secrets.token_bytes(32),))
        create_secret(path, keys_to_text(made), "state.keys")
    return keys_from_text(read_secret(path, "state.keys"))


def ensure_ca(settings: Settings) -> Path:
    """The folder of a CA that can sign; made on the first run.

    Raises
    ------
    CaError
        If what is there cannot sign.
    """
    folder = Path(settings.ca_path)
    if not (folder / ca.CERTIFICATE).exists():
        days = int(settings.ca.life / DAY)
        ca.create(folder, name=settings.ca.name, days=days, excluded=settings.ca.excluded)
    ca.load(folder)
    return folder


def address_map(settings: Settings) -> list[list[str]]:
    """The rows [CIDR, user] of the address map; none where there is none.

    Raises
    ------
    SettingsError
        If the file cannot be read, a line is wrong or repeats a network; the message names it.
    """
    path = settings.identity.address_map
    if path is None:
        return []
    try:
        lines = Path(path).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"identity.address_map: cannot read {path} as text") from None
    rows: dict[str, str] = {}
    for number, cells in enumerate(csv.reader(lines), 1):
        told = [cell.strip() for cell in cells]
        if not any(told) or (number == 1 and told == ["address_or_cidr", "user"]):
            continue
        network, user = _mapped(told, f"{path}:{number}")
        if network in rows:
            raise SettingsError(f"{path}:{number}: this network has a line already")
        rows[network] = user
    return [[network, user] for network, user in rows.items()]


def assets(settings: Settings) -> Assets:
    """What depends on which users and sites; nothing where no file says so.

    Raises
    ------
    SettingsError
        If the file cannot be read, or a line is wrong; the message names it.
    """
    path = settings.alerts.assets
    if path is None:
        return Assets()
    try:
        lines = Path(path).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"alerts.assets: cannot read {path} as text") from None
    rows = ([cell.strip() for cell in cells] for cells in csv.reader(lines))
    return assets_of((f"{path}:{number}", row) for number, row in enumerate(rows, 1) if any(row))


def _mapped(cells: Sequence[str], where: str) -> tuple[str, str]:
    if len(cells) == 2 and cells[1]:
        with suppress(ValueError):  # bits beyond the prefix are a slip of the hand, too
            return str(ipaddress.ip_network(cells[0])), cells[1]
    raise SettingsError(f"{where}: a line is address_or_cidr,user")


def certificate(settings: Settings) -> Path:
    """The CA's certificate, without its key, as an absolute path without `..`."""
    return (Path(settings.ca_path) / ca.CERTIFICATE).resolve()


@contextmanager
def only_one(settings: Settings) -> Iterator[None]:
    """Hold the state folder's lock: two engines on one state would each see half of a session.

    Raises
    ------
    ReauthError
        If another process holds it.
    """
    folder = Path(settings.state.path)
    with (folder / LOCK).open("a", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ReauthError(
                f"another reauth works on {folder}: stop it first, or name another [state] path"
            ) from None
        yield


@contextmanager
def remember(settings: Settings, ready: Mapping[str, Any]) -> Iterator[None]:
    """Keep the line that says where everything is, for as long as it is true."""
    file = Path(settings.state.path) / RUNNING
    file.write_text(json.dumps(ready) + "\n", "utf-8")
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def running(settings: Settings) -> dict[str, Any] | None:
    """What `remember` keeps; None where nobody holds the lock: the killed leave it behind."""
    folder = Path(settings.state.path)
    try:
        with (folder / LOCK).open(encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        with suppress(OSError, ValueError):
            told: dict[str, Any] = json.loads((folder / RUNNING).read_text("utf-8"))
            return told
    except OSError:
        pass
    return None
