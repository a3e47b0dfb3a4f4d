"""Templates on disk, as the product writes them: a JSON and an npz file each.

The laboratory scores with nothing else of a user's enrolment. How a template becomes bytes is the
store's business and given as an argument; beside each template lies what it was made from, and
once all are there they are frozen: a digest of each is what test data are opened with.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from reauth.errors import NotEnrolled
from reauth.lab.cutting import whole
from reauth.lab.splits import Provenance, frozen
from reauth.template import Template


@dataclass(frozen=True, slots=True)
class Codec:
    """How a template becomes text and bytes, and back: the store's two functions."""

    to_parts: Callable[[Template], tuple[str, bytes]]
    from_parts: Callable[[str, bytes], Template]


@dataclass(frozen=True, slots=True)
class Shelf:
    """A folder of templates, by name.

    Parameters
    ----------
    folder
        Where they lie.
    codec
        How they become bytes.
    """

    folder: Path
    codec: Codec

    def outcome(self, name: str) -> Path:
        """The file that says what came of an enrolment; it is written last."""
        return self.folder / f"{name}.outcome.json"

    def put(self, name: str, template: Template, made: Provenance) -> None:
        """Keep a template, and what it was made from."""
        plain, arrays = self.codec.to_parts(template)
        whole(self.folder / f"{name}.json", plain.encode())
        whole(self.folder / f"{name}.npz", arrays)
        told = {"made": asdict(made), "units": template.n_genuine, "reason": None}
        whole(self.outcome(name), json.dumps(told).encode())

    def refuse(self, name: str, made: Provenance, units: int, reason: str) -> None:
        """Keep that somebody could not be enrolled, and why."""
        told = {"made": asdict(made), "units": units, "reason": reason}
        whole(self.outcome(name), json.dumps(told).encode())

    def get(self, name: str) -> Template:
        """Read a template from its two files.

        Raises
        ------
        TemplateError
            If they are not those of a template of this code.
        """
        plain = (self.folder / f"{name}.json").read_text("utf-8")
        return self.codec.from_parts(plain, (self.folder / f"{name}.npz").read_bytes())

    def made(self, name: str) -> Provenance:
        """What a template was made from."""
        made = json.loads(self.outcome(name).read_text("utf-8"))["made"]
        return Provenance(made["user"], tuple(made["others"]), tuple(made["digests"]))

    def units(self, name: str) -> int:
        """How many of the user's units there were to enrol with.

        Raises
        ------
        NotEnrolled
            If they were too few; the message is the one of `learn`.
        """
        told = json.loads(self.outcome(name).read_text("utf-8"))
        if told["reason"] is not None:
            raise NotEnrolled(told["reason"])
        return int(told["units"])

    def digest(self, name: str) -> str:
        """SHA-256 of a template's files and of what it was made from."""
        digest = hashlib.sha256()
        for path in (self.folder / f"{name}.json", self.folder / f"{name}.npz", self.outcome(name)):
            digest.update(path.read_bytes())
        return digest.hexdigest()

    def check(self, name: str, then: Mapping[str, str]) -> None:
        """See that a template is as it was when all were frozen.

        Raises
        ------
        GateError
            If it is another, or was not there then.
        """
        frozen({name: self.digest(name)}, {name: then[name]} if name in then else {})
