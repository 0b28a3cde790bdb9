"""gdb's helper for Kiln: `kiln-threads` lists the runtime's threads."""

import gdb

LONGEST_LIST = 10000


def threads():
    """Every thread of the runtime's list, newest first."""
    thread = gdb.parse_and_eval("kiln_thread_list")
    count = 0
    while int(thread) != 0 and count < LONGEST_LIST:
        yield thread.dereference()
        thread = thread["registry_next"]
        count += 1


# Where a CPU keeps the thread that it runs.
THREAD = {
    "aarch64": "(unsigned long)$TPIDR_EL1",
    "i386:x86-64": "$gs_base ? (unsigned long)((struct arch_percpu *)$gs_base)->thread : 0",
}


def running_cpus():
    """{address of the thread: CPU it runs on}, as each of QEMU's CPUs says."""
    found = {}
    chosen = gdb.selected_thread()
    for cpu in gdb.selected_inferior().threads():
        cpu.switch()
        architecture = gdb.selected_frame().architecture().name()
        found[int(gdb.parse_and_eval(THREAD[architecture]))] = cpu.num - 1
    chosen.switch()
    return found


class KilnThreads(gdb.Command):
    """List the runtime's threads: address, CPU it runs on, stack, name."""

    def __init__(self):
        super().__init__("kiln-threads", gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        running = running_cpus()
        print(f"{'address':18} {'runs on':8} name")
        for thread in threads():
            address = int(thread.address)
            where = f"cpu {running[address]}" if address in running else "-"
            print(f"{address:#018x} {where:8} {thread['name'].string()}")


KilnThreads()
