"""
The machine's own package sources, read to add its backports suite: same place, same key, so no
address of a server stands in this project.
"""

import glob
import os
import re
import shlex
import subprocess

from .failure import BUILD_FAILED, Failure

FILE_NAME = "kiln-backports.sources"
COPIED_FIELDS = ("Signed-By", "Trusted")


def configuration_folder():
    """/etc/apt/, or where apt's own configuration puts it."""
    text = subprocess.run(["apt-config", "shell", "folder", "Dir::Etc/d"], capture_output=True,
                          text=True, check=False).stdout
    found = re.match(r"folder='(.*)'", text)
    return found.group(1) if found else "/etc/apt/"


def codename(os_release="/etc/os-release"):
    with open(os_release, encoding="utf-8") as file:
        found = re.search(r'^VERSION_CODENAME="?([a-z]+)', file.read(), re.MULTILINE)
    if not found:
        raise Failure("this is no Debian release with a name, so its backports are not known",
                      BUILD_FAILED)
    return found.group(1)


def parse_deb822(text):
    """Entries of a .sources file: a dictionary of fields each, continuation lines kept."""
    for stanza in re.split(r"\n\s*\n", text):
        fields, name = {}, None
        for line in stanza.splitlines():
            if line.startswith("#"):
                continue
            if line[:1] in " \t" and name:
                fields[name] += "\n" + line
            elif ":" in line:
                name, _, value = line.partition(":")
                fields[name] = value.strip()
        if fields.get("Enabled", "yes").lower() not in ("no", "false", "0"):
            yield fields


def parse_one_line(text):
    """Entries of a .list file in the same form."""
    pattern = re.compile(r"\s*(deb)\s+(?:\[(.*?)\]\s+)?(\S+)\s+(\S+)\s+(.*)")
    for line in text.splitlines():
        found = pattern.match(line.split("#")[0])
        if not found:
            continue
        kind, options, uri, suite, components = found.groups()
        fields = {"Types": kind, "URIs": uri, "Suites": suite, "Components": components}
        for option in shlex.split(options or ""):
            key, _, value = option.partition("=")
            if key.lower() == "signed-by":
                fields["Signed-By"] = value
            elif key.lower() == "trusted":
                fields["Trusted"] = value
        yield fields


def entries(folder):
    """All entries that apt reads, from sources.list and sources.list.d."""
    lists = [os.path.join(folder, "sources.list")]
    lists += sorted(glob.glob(os.path.join(folder, "sources.list.d", "*.list")))
    for path in filter(os.path.isfile, lists):
        with open(path, encoding="utf-8", errors="replace") as file:
            yield from parse_one_line(file.read())
    for path in sorted(glob.glob(os.path.join(folder, "sources.list.d", "*.sources"))):
        with open(path, encoding="utf-8", errors="replace") as file:
            yield from parse_deb822(file.read())


def is_main_of(entry, suite):
    return ("deb" in entry.get("Types", "").split() and suite in entry.get("Suites", "").split()
            and "main" in entry.get("Components", "").split())


def backports_entry(folder, release):
    """The text of a .sources file for RELEASE-backports, or None when it is there already."""
    known = list(entries(folder))
    if any(is_main_of(entry, f"{release}-backports") for entry in known):
        return None
    for entry in known:
        if is_main_of(entry, release):
            break
    else:
        raise Failure(f"apt has no source for {release}, so its backports are not known",
                      BUILD_FAILED)
    lines = ["Types: deb", f"URIs: {entry['URIs'].split()[0]}", f"Suites: {release}-backports",
             "Components: main"]
    lines += [f"{field}: {entry[field]}" for field in COPIED_FIELDS if field in entry]
    return "\n".join(lines) + "\n"
