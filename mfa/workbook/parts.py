"""The parts of a workbook held in memory, to change some and copy the rest."""

from __future__ import annotations

import os
import posixpath
import zipfile
from io import BytesIO
from pathlib import Path

from mfa.files import replace_file
from mfa.workbook.guard import Package
from mfa.workbook.splice import appended, spliced, tags, utf8

RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_EMPTY_RELATIONS = (
    f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    f'<Relationships xmlns="{RELATIONS}"></Relationships>'
).encode()


class Parts:
    """Parts of a vetted workbook by name; `save` writes them in their old order, new ones last.

    Parameters
    ----------
    path
        The workbook.

    Raises
    ------
    InputError
        The file does not pass the guard.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        with Package(path) as package:
            self._data = {name: package.read(name) for name in package.parts}

    def __contains__(self, name: str) -> bool:
        return name in self._data

    def __getitem__(self, name: str) -> bytes:
        return utf8(self._data[name])

    def __setitem__(self, name: str, data: bytes) -> None:
        self._data[name] = data

    def free_name(self, pattern: str) -> str:
        """Return the first name ``pattern.format(n)`` that is not taken, from n = 1."""
        taken = {name.lower() for name in self._data}
        number = 1
        while pattern.format(number).lower() in taken:
            number += 1
        return pattern.format(number)

    def related(self, part: str, kind: str) -> list[str]:
        """Return the parts to which `part` is related as `kind` (the last word of the type)."""
        return [target for _, k, target in self.relations(part) if k == kind]

    def relations(self, part: str) -> list[tuple[str, str, str]]:
        """Return (id, kind, target part) of every inner relation of `part`."""
        file = _relations_file(part)
        if file not in self:
            return []
        folder = posixpath.dirname(part)
        found = []
        for tag in tags(self[file], {"Relationship"}):
            if tag.attributes.get("TargetMode") != "External":
                target = posixpath.join("/", folder, tag.attributes.get("Target", ""))
                kind = tag.attributes.get("Type", "").rpartition("/")[2]
                name = posixpath.normpath(target).lstrip("/")
                found.append((tag.attributes.get("Id", ""), kind, name))
        return found

    def relate(self, part: str, kind: str, target: str) -> str:
        """Add a relation from `part` to the part `target` and return its id."""
        file = _relations_file(part)
        self._data.setdefault(file, _EMPTY_RELATIONS)
        data = self[file]
        taken = {tag.attributes.get("Id") for tag in tags(data, {"Relationship"})}
        number = len(taken) + 1
        while f"rId{number}" in taken:
            number += 1
        root = tags(data, {"Relationships"})[0]
        prefix = f"{root.prefix}:" if root.prefix else ""
        new = f'<{prefix}Relationship Id="rId{number}" Type="{OFFICE}/{kind}" Target="/{target}"/>'
        self[file] = spliced(data, [appended(data, root, new.encode())])
        return f"rId{number}"

    def declare(self, part: str, content_type: str) -> None:
        """State the content type of a new part."""
        self._add_type(f'Override PartName="/{part}" ContentType="{content_type}"')

    def declare_ending(self, ending: str, content_type: str) -> None:
        """State the content type of parts with an ending, unless that is stated already."""
        known = tags(self["[Content_Types].xml"], {"Default"})
        if all(tag.attributes.get("Extension", "").lower() != ending for tag in known):
            self._add_type(f'Default Extension="{ending}" ContentType="{content_type}"')

    def _add_type(self, text: str) -> None:
        data = self["[Content_Types].xml"]
        root = tags(data, {"Types"})[0]
        prefix = f"{root.prefix}:" if root.prefix else ""
        new = f"<{prefix}{text}/>".encode()
        # Defaults come before overrides; the first place inside serves both.
        at = root.stop if text.startswith("Default") else appended(data, root, b"")[0]
        self["[Content_Types].xml"] = spliced(data, [(at, at, new)])

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the workbook beside `path`, then put it in its place at once."""
        stream = BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in self._data.items():
                info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
                info.compress_type = zipfile.ZIP_DEFLATED
                info.external_attr = 0o600 << 16
                archive.writestr(info, data)
        target = Path(path)
        replace_file(target, stream.getvalue())
        return target


def _relations_file(part: str) -> str:
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{name}.rels")
