"""The runtime's options: what include/kiln/config.h offers, and what the user chose."""

import re

from .failure import Failure, near_matches
from .places import in_root

OPTION = re.compile(r"#define KILN_CONFIG_([A-Z0-9_]+) +(\S+)")
CHECKERS = {"memory": "CHECK_MEMORY", "leaks": "CHECK_LEAKS"}
VALUE = re.compile(r"(0[xX][0-9a-fA-F]+|[0-9]+)$")


def known_options():
    """{name: default, as written in the header}."""
    with open(in_root("include", "kiln", "config.h"), encoding="utf-8") as file:
        return dict(OPTION.findall(file.read()))


def value(configuration, name):
    """An option's value, which is the header's default when the configuration is silent."""
    return configuration.get(name) or known_options()[name]


def parse(settings):
    """{name: value} from a list of 'NAME=VALUE'."""
    chosen = {}
    known = known_options() if settings else {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        name = name[len("KILN_CONFIG_"):] if name.startswith("KILN_CONFIG_") else name
        if name not in known:
            hint = near_matches(name.upper(), known)
            raise Failure(f"no option {name!r}{hint}; include/kiln/config.h lists them all")
        if not equals or not VALUE.match(value):
            raise Failure(f"option {name} wants a number, as in --config {name}={known[name]}")
        chosen[name] = value
    return chosen


def checkers(lists):
    """The options that `--check=memory,leaks` and further ones stand for."""
    chosen = {}
    for word in ",".join(lists).split(",") if lists else ():
        if word not in CHECKERS:
            raise Failure(f"--check knows no {word!r}{near_matches(word, CHECKERS)}; "
                          f"it takes {', '.join(CHECKERS)}, or both with a comma between")
        chosen[CHECKERS[word]] = "1"
    return chosen


def choose(settings, checks, smp, check=()):
    """The configuration that a command builds with: `--config` wins over the rest."""
    configuration = {"CHECKS": "1" if checks else "0", **checkers(check)}
    if smp > 1:
        configuration["SMP"] = "1"
    configuration.update(parse(settings))
    if smp > 1 and configuration["SMP"] == "0":
        raise Failure(f"--smp {smp} needs a runtime with SMP=1, but --config says SMP=0")
    return configuration


def as_cmake_list(configuration):
    return ";".join(f"{name}={value}" for name, value in sorted(configuration.items()))
