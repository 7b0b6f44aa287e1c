"""Packs a release archive whose bytes depend on nothing but its content: `pack.py TARGET DIR-OF-THE-BINARY DIR-FOR-IT`.

Beside the binary it holds a marketplace with the plugin, for `claude plugin marketplace add` on the unpacked folder.
"""

import gzip
import io
import os
import pathlib
import posixpath
import re
import sys
import tarfile
import time
import zipfile

TEXTS = [
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "RELIABILITY.md",
    "SECURITY.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
]
PLUGIN = [".claude-plugin", "plugin"]


def main(target, built, out):
    version = re.search(r'^version = "(.*)"$', pathlib.Path("Cargo.toml").read_text(), re.MULTILINE)[1]
    name = f"cc2cc-{version}-{target}"
    windows = "windows" in target
    binary = pathlib.Path(built, "cc2cc.exe" if windows else "cc2cc")
    members = {binary.name: binary} | {text: pathlib.Path(text) for text in TEXTS}
    # On Windows Claude Code starts no script in the program's place, so the plugin is of no use there.
    for folder in ["docs"] + ([] if windows else PLUGIN):
        members |= {file: pathlib.Path(file) for file in files_below(folder)}
    dead = dead_links(members)
    if dead:
        sys.exit("pack.py: these links lead to nothing in the archive:\n" + "\n".join(dead))
    moment = int(os.environ["SOURCE_DATE_EPOCH"])
    pack = as_zip if windows else as_tar
    archive = pathlib.Path(out, name + (".zip" if windows else ".tar.gz"))
    archive.write_bytes(pack(name, dict(sorted(members.items())), moment))
    print(archive)


def files_below(folder):
    """The files below a folder; links count as what they lead to."""
    for place, _, files in os.walk(folder, followlinks=True):
        for file in files:
            yield pathlib.PurePath(place, file).as_posix()


def dead_links(members):
    """Where a document of the archive names a file that is not in it."""
    dead = []
    for text in (member for member in members if member.endswith(".md") and not member.startswith("plugin/")):
        for link in re.findall(r"\]\(([^)#\s]+)", members[text].read_text()):
            leads_to = posixpath.normpath(posixpath.join(posixpath.dirname(text), link))
            if ":" not in link and leads_to not in members:
                dead.append(f"{text}: {link}")
    return dead


def is_program(path):
    return path.read_bytes()[:2] in (b"\x7fE", b"MZ", b"#!", b"\xcf\xfa")


def as_tar(name, members, moment):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for inside, path in members.items():
            entry = tarfile.TarInfo(f"{name}/{inside}")
            entry.size = path.stat().st_size
            entry.mtime = moment
            entry.mode = 0o755 if is_program(path) else 0o644
            with path.open("rb") as content:
                archive.addfile(entry, content)
    return gzip.compress(packed.getvalue(), mtime=0)


def as_zip(name, members, moment):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for inside, path in members.items():
            entry = zipfile.ZipInfo(f"{name}/{inside}", time.gmtime(moment)[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
    return packed.getvalue()


main(*sys.argv[1:])
