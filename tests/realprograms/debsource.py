# SPDX-License-Identifier: BSD-2-Clause
"""Fetches Debian source packages without touching the machine's apt configuration.

The machine's own package sources are copied into the cache with "deb" turned into "deb-src", and apt-get runs
on that copy with package lists of its own. apt checks the archive's signature down to the hash of each .dsc;
the hashes inside the .dsc are checked here each time before a package is used.
"""

import os
import re
from pathlib import Path

from . import cache
from .errors import RealProgramError

ETC = Path("/etc/apt")


def _codename() -> str:
    for line in Path("/etc/os-release").read_text(encoding="utf-8").splitlines():
        if line.startswith("VERSION_CODENAME="):
            return line.partition("=")[2].strip().strip('"')
    raise RealProgramError("/etc/os-release names no Debian release")


def _is_debian(suites, components, release) -> bool:
    return "main" in components and all(suite.split("-")[0].split("/")[0] == release for suite in suites)


def _from_line(line: str, release: str):
    """One "deb [options] URI SUITE COMPONENT..." line as deb-src, or None."""
    match = re.fullmatch(r"deb(?:-src)?\s+(\[[^]]*\]\s+)?(\S+)\s+(\S+)\s+(.+)", line.partition("#")[0].strip())
    if not match or not _is_debian([match[3]], match[4].split(), release):
        return None
    return f"deb-src {match[1] or ''}{match[2]} {match[3]} {match[4]}"


def _from_stanza(stanza: str, release: str):
    """One deb822 stanza as deb-src, or None."""
    text = "\n".join(line for line in stanza.splitlines() if not line.startswith("#"))
    field = {name.lower(): re.split(r"\s+", value.strip()) for name, value
             in re.findall(r"^([A-Za-z-]+):((?:.*)(?:\n[ \t].*)*)", text, re.M)}
    if field.get("enabled", ["yes"])[0].lower() in ("no", "false", "0", "off", "without", "disable"):
        return None
    if not _is_debian(field.get("suites", [""]), field.get("components", []), release):
        return None
    return re.sub(r"^Types:.*$", "Types: deb-src", text, flags=re.M | re.I)


def _write_sources(folder: Path) -> None:
    """Fills FOLDER with deb-src copies of the machine's Debian entries."""
    release = _codename()
    lines, stanzas = [], []
    for path in [ETC / "sources.list", *sorted((ETC / "sources.list.d").glob("*"))]:
        if not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        if path.suffix == ".list":
            lines += [made for line in text.splitlines() if (made := _from_line(line, release))]
        elif path.suffix == ".sources":
            stanzas += [made for part in re.split(r"\n\s*\n", text) if (made := _from_stanza(part, release))]
    if not lines and not stanzas:
        raise RealProgramError(f"no Debian {release} package source in {ETC}/sources.list or {ETC}/sources.list.d")
    (folder / "otrace.list").write_text("".join(f"{line}\n" for line in dict.fromkeys(lines)), encoding="utf-8")
    (folder / "otrace.sources").write_text("\n\n".join(stanzas) + "\n", encoding="utf-8")


class _Apt:
    """apt-get on the private sources."""

    def __init__(self, top: Path):
        self.top = top
        for name in ("sources.d", "lists/partial", "cache/archives/partial"):
            (top / name).mkdir(parents=True, exist_ok=True)
        _write_sources(top / "sources.d")

    def __call__(self, *words, **options):
        settings = {
            "Dir::Etc::sourcelist": "/dev/null",
            "Dir::Etc::sourceparts": self.top / "sources.d",
            "Dir::State::lists": self.top / "lists",
            "Dir::Cache": self.top / "cache",
            "APT::Sandbox::User": "root",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
        }
        flags = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
        return cache.run(["apt-get", "-q", *flags, *words], env={**os.environ, "LC_ALL": "C.UTF-8"}, **options)


def _checksums(dsc: Path):
    """(file name, sha256) for every file that DSC lists."""
    text = dsc.read_text(encoding="utf-8")
    part = re.search(r"^Checksums-Sha256:\s*\n((?: .*\n)+)", text, re.M)
    if not part:
        raise RealProgramError(f"{dsc}: lists no SHA-256 checksums")
    for line in part[1].splitlines():
        checksum, _, name = line.split()
        yield name, checksum


def verify(dsc: Path) -> None:
    """Raises unless DSC and all its files are as they were when apt fetched them."""
    recorded = dsc.with_suffix(".dsc.sha256")
    if recorded.read_text(encoding="ascii").strip() != cache.sha256(dsc):
        raise RealProgramError(f"{dsc}: changed since it was fetched; delete {dsc.parent}")
    for name, checksum in _checksums(dsc):
        if cache.sha256(dsc.parent / name) != checksum:
            raise RealProgramError(f"{dsc.parent / name}: wrong checksum; delete {dsc.parent}")


def fetch(package: str) -> Path:
    """The verified .dsc of Debian's source PACKAGE, fetched once and then kept."""
    top = cache.directory() / "sources"

    def download(folder: Path) -> None:
        with cache.locked(top / "apt"):
            apt = _Apt(top / "apt")
            apt("update")
            apt("source", "--download-only", package, cwd=folder)
        for dsc in folder.glob("*.dsc"):
            dsc.with_suffix(".dsc.sha256").write_text(cache.sha256(dsc) + "\n", encoding="ascii")

    folder = cache.fill(top / package, download)
    found = list(folder.glob("*.dsc"))
    if len(found) != 1:
        raise RealProgramError(f"{folder}: {len(found)} .dsc files instead of one; delete it")
    verify(found[0])
    return found[0]


def extract(dsc: Path, target: Path) -> None:
    """Unpacks and patches the package into TARGET, which must not exist yet."""
    cache.run(["dpkg-source", "--extract", dsc, target])
