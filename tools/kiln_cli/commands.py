"""The commands, one function each: they take the parsed arguments and return the exit status."""

from . import apps
from . import boards as board_list
from . import configuration
from .failure import Failure
from .places import BuildFolder
from .report import say, say_command


def request_of(chosen, checks, smp=1):
    """A building.Request from the options that run, build and image share."""
    from .building import Request

    board = board_list.load(chosen.board)
    app = apps.find(chosen.app)
    with_checks = checks if chosen.checks is None else chosen.checks
    options = configuration.choose(chosen.config, with_checks, smp, chosen.check)
    return Request(app, board, options, BuildFolder(chosen.build_dir), chosen.toolchain,
                   chosen.verbose, libc=chosen.libc)


def run(chosen):
    from . import building, qemu

    request = request_of(chosen, checks=True, smp=chosen.smp or 1)
    qemu.check_cpus(request.board, chosen.smp)
    request.board.machine({}, chosen.machine)
    options = qemu.RunOptions(chosen.program_words, chosen.smp, chosen.icount,
                              debug_port(chosen), chosen.log_guest_errors,
                              own_words=leak_words(chosen), machine=chosen.machine)
    if options.debug_port:
        qemu.check_port(options.debug_port)
    building.check_toolchain(request)
    qemu.ensure(request.board, chosen.verbose, request.needs())
    built = building.build(request)
    try:
        if options.own_words and configuration.value(built.configuration, "CHECK_LEAKS") == "0":
            raise Failure("--suppress and --show-reachable want --check=leaks")
        return start(built, options, chosen)
    finally:
        built.lock.release()


def leak_words(chosen):
    """Kiln's own boot arguments that tell how leaks are to be reported."""
    words = ["suppress=" + ",".join(chosen.suppress)] if chosen.suppress else []
    return words + (["leaks=reachable"] if chosen.show_reachable else [])


def debug_port(chosen):
    from .qemu import DEFAULT_GDB_PORT

    return (chosen.port or DEFAULT_GDB_PORT) if chosen.debug else None


def start(built, options, chosen):
    """Runs what was built on the user's terminal or pipes."""
    from . import qemu, session

    board = built.request.board
    host, quoter = session.console_ends()
    launch = qemu.Launch(board, built.image, built.configuration, options, host, built.tree)
    say_command(launch.command, chosen.verbose)
    if options.debug_port:
        say(f"waiting for gdb on port {options.debug_port}: "
            f"./kiln debug {chosen.app} -b {board.name} --port {options.debug_port}")
    return session.interact(launch, built.elf, built.addr2line(), host, quoter, chosen.timeout,
                            built.lock.release)


def build(chosen):
    from . import building

    built = building.build(request_of(chosen, checks=True))
    built.lock.release()
    say(f"{built.name} for {built.request.board.name}: {built.elf}")


def image(chosen):
    from . import building, images, qemu

    request = request_of(chosen, checks=False, smp=chosen.smp or 1)
    qemu.check_cpus(request.board, chosen.smp)
    own = [f"smp={chosen.smp}"] if chosen.smp else []
    options = images.Options(own, chosen.program_words, chosen.firmware, chosen.verbose)
    images.check(request.board, options)
    built = building.build(request)
    try:
        images.make(built, options)
    finally:
        built.lock.release()


def test(chosen):
    from . import testing

    return testing.run(chosen)


def bench(chosen):
    from . import bench as benching

    return benching.run(chosen)


def debug(chosen):
    from . import debugging

    return debugging.attach(chosen)


def new(chosen):
    from . import skeleton

    skeleton.make(chosen.folder)


def boards(chosen):
    board_list.print_table()


def setup(chosen):
    from . import installing, packages, qemu

    name = chosen.board or board_list.DEFAULT
    if chosen.what == "run" or chosen.board:
        found = [board_list.load(name)]
    else:
        found = [board_list.load(each) for each in board_list.names()]
    needs = packages.run_needs(found[0]) if chosen.what == "run" else packages.test_needs(found)
    installing.ensure(needs, verbose=chosen.verbose)
    for board in found:
        qemu.ensure(board, chosen.verbose)
    say("everything that is needed is there")
