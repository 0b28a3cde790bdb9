"""The images of tests/target: which there are, and one run of one of them."""

import difflib
import json
import os
import re
import sys

from . import apps, boards, building, capture, configuration, qemu, tap
from .failure import Failure
from .places import BuildFolder, in_root

FOLDER = in_root("tests", "target")
RUN_SECONDS = 60
ALLOWED_LOG = "qemu-log-allowed.txt"
# In the environment of all that one `./kiln test` runs: its name, which it leaves in what it built.
WHOLE_RUN = "KILN_TEST_RUN"
BUILT_MARK = "kiln-built-by"
KEYS = {"name", "app", "boards", "isa", "smp", "config", "arguments", "input", "input_file",
        "status", "expect", "reject", "own_words", "timeout", "machine", "machine_arguments",
        "host", "libc", "newlib", "long", "replays"}


class Run:
    """One run of one image on one board."""

    def __init__(self, image, board, facts, source):
        unknown = set(facts) - KEYS
        if unknown:
            raise Failure(f"tests/target: {image} has unknown keys {', '.join(sorted(unknown))}")
        self.image = image
        self.board = board
        self.facts = facts
        self.source = source
        label = ".".join(facts[key] for key in ("name", "libc") if key in facts)
        self.name = f"target.{board}.{image}" + (f".{label}" if label else "")

    def get(self, key, default=None):
        return self.facts.get(key, default)

    def is_long(self):
        """Whether only `./kiln test --long` wants it: its key says so, or names the board."""
        boards_or_all = self.get("long", False)
        return boards_or_all is True or bool(boards_or_all) and self.board in boards_or_all

    def input_bytes(self):
        if "input_file" in self.facts:
            with open(os.path.join(FOLDER, self.facts["input_file"]), "rb") as file:
                return file.read()
        return self.get("input", "").encode()

    def wants_plan(self):
        return not self.get("expect") and self.get("status", 0) == 0


def images():
    """{name: path of its source, or None when its runs name an app}."""
    found = {}
    for entry in sorted(os.listdir(FOLDER)):
        path = os.path.join(FOLDER, entry)
        stem, suffix = os.path.splitext(entry)
        if os.path.isfile(os.path.join(path, "CMakeLists.txt")):
            found[entry] = path
        elif suffix in apps.SOURCE_SUFFIXES:
            found[stem] = path
        elif suffix == ".json":
            found.setdefault(stem)
    return found


def facts_of(image, path):
    beside = os.path.join(FOLDER, f"{image}.json")
    if path and os.path.isdir(path):
        beside = os.path.join(path, "runs.json")
    if not os.path.exists(beside):
        return [{}]
    with open(beside, encoding="utf-8") as file:
        try:
            return json.load(file)
        except ValueError as error:
            raise Failure(f"{beside}: {error}") from error


def runs(only=None):
    """Every run of every image or of one, on the boards of its key "newlib" with that library."""
    for image, path in images().items():
        for facts in facts_of(image, path) if only in (None, image) else ():
            for board in facts.get("boards", boards.names(facts.get("isa"))):
                source = in_root(*facts["app"].split("/")) if "app" in facts else path
                yield Run(image, board, facts, source)
            for board in facts.get("newlib", []):
                yield Run(image, board, {**facts, "libc": "newlib"}, source)


def wanted_runs(with_long):
    return [run for run in runs() if with_long or not run.is_long()]


def find(name):
    _, _, image, *_ = name.split(".")
    for run in runs(image):
        if run.name == name:
            return run
    raise Failure(f"no test {name}")


def request_of(run, build_folder):
    """Each configuration has a folder of its own, so that runs at the same time do not disturb."""
    board = boards.load(run.board)
    settings = [f"{key}={value}" for key, value in run.get("config", {}).items()]
    options = configuration.choose(settings, checks=True, smp=run.get("smp", 1))
    app = apps.find(run.source)
    variant = "".join(f"+{key}={value}" for key, value in sorted(options.items())
                      if (key, str(value)) != ("CHECKS", "1"))
    libc = run.get("libc")
    variant += f"+{libc}" if libc else ""
    return building.Request(app, board, options, build_folder,
                            tree_name=f"test-{app.name}{variant}", libc=libc)


def build(run, build_folder):
    """What one `./kiln test` has built it does not build again for a further run of the image."""
    request = request_of(run, build_folder)
    mark = os.path.join(request.tree, BUILT_MARK)
    whole_run = os.environ.get(WHOLE_RUN)
    if whole_run and building.is_configured(request) and marked_by(mark) == whole_run:
        return building.Built(request, building.only_app(request), None)
    built = building.build(request)
    if whole_run:
        with open(mark, "w", encoding="utf-8") as file:
            file.write(whole_run)
    built.lock.release()
    return built


def marked_by(mark):
    try:
        with open(mark, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return None


def execute(name, build_dir):
    """Runs the test of that name and prints TAP; 0 when it passed."""
    run = find(name)
    build_folder = BuildFolder(build_dir)
    built = build(run, build_folder)
    log = log_path(build_folder, run.board, run.name)
    options = qemu.RunOptions(run.get("arguments", []), run.get("smp"), error_log=log,
                              own_words=run.get("own_words", []),
                              machine_arguments=run.get("machine_arguments", []),
                              machine=run.get("machine"))
    result = start(run, built, options)
    sys.stdout.write(without_plan(result.text()))
    report = tap.Report(result.text())
    writer = tap.Writer(report.points())
    judge(run, result, report, writer)
    if run.board in run.get("replays", []):
        judge_replay(result, start(run, built, options), writer)
    judge_log(run.board, log, writer)
    writer.plan()
    return 1 if writer.failures or report.failed else 0


def start(run, built, options):
    return capture.run(built, options, run.get("timeout", RUN_SECONDS), run.input_bytes(),
                       run.get("host", "pipe"))


def judge_replay(first, second, writer):
    """A run that can be replayed prints the same again, to the byte."""
    differences = difflib.unified_diff(first.text().splitlines(), second.text().splitlines(),
                                       "first run", "second run", n=0, lineterm="")
    writer.point(first.output == second.output, "a second run prints the same",
                 "\n".join(differences))


def without_plan(text):
    """The output up to its own plan: the driver adds points, and prints one plan for all."""
    lines = [line for line in text.splitlines() if not tap.PLAN.match(line)]
    return "\n".join(lines) + "\n"


def judge(run, result, report, writer):
    wanted = run.get("status", 0)
    found = "timed out" if result.timed_out else f"is {result.status}"
    writer.point(result.status == wanted and not result.timed_out, f"exit status is {wanted}",
                 f"it {found}")
    if run.wants_plan():
        problems = list(report.check_plan())
        writer.point(not problems, "every point of the plan came", "\n".join(problems))
    for pattern in run.get("expect", []):
        writer.point(re.search(pattern, result.text(), re.MULTILINE), f"prints /{pattern}/",
                     "it is not there")
    for pattern in run.get("reject", []):
        writer.point(not re.search(pattern, result.text(), re.MULTILINE),
                     f"does not print /{pattern}/", "it is there")


def log_folder(build_folder, board):
    return os.path.join(build_folder.path, "tests", "qemu-logs", board)


def log_path(build_folder, board, name):
    folder = log_folder(build_folder, board)
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, name + ".log")
    with open(path, "w", encoding="utf-8"):
        return path


def allowed_lines(board):
    """
    {line: reason}; each line has to stand below a comment that gives its reason. One in slashes is
    a regular expression, of lines that only some versions of QEMU write.
    """
    path = in_root("board", board, ALLOWED_LOG)
    allowed, reason = {}, ""
    if not os.path.exists(path):
        return allowed
    with open(path, encoding="utf-8") as file:
        for line in file.read().splitlines():
            if line.startswith("#"):
                reason = line[1:].strip()
            elif line.strip():
                if not reason:
                    raise Failure(f"{path}: no reason stands above: {line}")
                allowed[line.rstrip()] = reason
            else:
                reason = ""
    return allowed


def log_lines(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return {line.rstrip() for line in file if line.strip()}


def is_pattern(entry):
    return entry.startswith("/") and entry.endswith("/")


def unexpected_lines(lines, allowed):
    """Those that are neither an entry nor match one in slashes."""
    patterns = [entry[1:-1] for entry in allowed if is_pattern(entry)]
    return sorted(line for line in set(lines) - set(allowed)
                  if not any(re.fullmatch(pattern, line) for pattern in patterns))


def judge_log(board, path, writer):
    unexpected = unexpected_lines(log_lines(path), allowed_lines(board))
    writer.point(not unexpected, "QEMU saw no wrong use of the hardware", "\n".join(unexpected))


def check_entries_occur(board, build_dir):
    """Fails on an entry of the board's list that no run of this board's images triggered."""
    folder = log_folder(BuildFolder(build_dir), board)
    seen = set()
    for name in os.listdir(folder) if os.path.isdir(folder) else []:
        seen |= log_lines(os.path.join(folder, name))
    writer = tap.Writer()
    for line in filter(lambda line: not is_pattern(line), allowed_lines(board)):
        writer.point(line in seen, f"still occurs: {line}",
                     f"remove it from board/{board}/{ALLOWED_LOG}")
    writer.point(os.path.isdir(folder), "images of this board have run")
    writer.plan()
    return 1 if writer.failures else 0
