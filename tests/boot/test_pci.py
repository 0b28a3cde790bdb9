"""apps/pci against what QEMU says of its own devices."""

import os
import re
import time

from monitored import Machine
from support import ROOT, KilnTest

# The app, which then waits for QEMU to be asked once more.
LISTING_C = """
#define main list
#include "%s"
#undef main
int main(void)
{
    list();
    fflush(stdout);
    kiln_sleep_for(KILN_SECONDS(1));
    return 0;
}
"""
FUNCTION = re.compile(r"^0000:(..):(..)\.(.) .*\[(....)\]: (....):(....) ")
BAR = re.compile(r"^    BAR (\d): (ports|memory, (?:32|64) bits)(, prefetchable)?"
                 r"(?: at 0x([0-9a-f]+)| without an address), (\d+) (bytes|KiB|MiB|GiB)$")
BRIDGE = re.compile(r"^    bus (..), behind it (..) to (..)$")
INTERRUPT = re.compile(r"^    interrupt pin .(?:, line (\d+))?$")
CAPABILITY = re.compile(r"^    capability at 0x[0-9a-f]+: (.*)$")
UNITS = {"bytes": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
ROM = 6

BRIDGED = ["-device", "pci-bridge,id=bridge,chassis_nr=2", "-device", "e1000,bus=bridge,addr=5",
           "-device", "virtio-rng-pci,bus=bridge,addr=7.0,multifunction=on",
           "-device", "virtio-rng-pci,bus=bridge,addr=7.3",
           "-object", "memory-backend-ram,size=64M,id=memory",
           "-device", "ivshmem-plain,memdev=memory"]
EXPRESS = ["-device", "pcie-root-port,id=near-port,chassis=1",
           "-device", "nvme,serial=1,bus=near-port",
           "-device", "e1000e", "-device", "qemu-xhci",
           "-device", "pxb-pcie,id=far,bus_nr=128",
           "-device", "pcie-root-port,id=far-port,bus=far,chassis=3",
           "-device", "virtio-rng-pci,bus=far-port"]


def listed(text):
    """{(bus, device, function): facts} as the app prints them."""
    found = {}
    for line in text.splitlines():
        match = FUNCTION.match(line)
        if match:
            numbers = [int(word, 16) for word in match.groups()]
            place, ids = tuple(numbers[:3]), numbers[3:]
            found[place] = {"ids": ids, "bars": {}, "buses": None, "line": None, "names": []}
        elif BAR.match(line):
            number, kind, prefetch, base, size, unit = BAR.match(line).groups()
            found[place]["bars"][int(number)] = (kind, bool(prefetch), int(base or "0", 16),
                                                 int(size) * UNITS[unit])
        elif BRIDGE.match(line):
            found[place]["buses"] = [int(word, 16) for word in BRIDGE.match(line).groups()]
        elif INTERRUPT.match(line):
            found[place]["line"] = int(INTERRUPT.match(line).group(1) or 0)
        elif CAPABILITY.match(line):
            found[place]["names"].append(CAPABILITY.match(line).group(1))
    return found


def region(said):
    """A BAR as QEMU tells it, in the listing's words."""
    kind = "ports"
    if said["type"] == "memory":
        kind = f"memory, {64 if said['mem_type_64'] else 32} bits"
    base = said["address"] if 0 < said["address"] < 1 << 63 else 0
    return kind, bool(said.get("prefetch")), base, said["size"]


def told(devices):
    """The same of QEMU's answer."""
    found = {}
    for device in devices:
        ids = device["id"]
        bridge = device.get("pci_bridge")
        buses = bridge and [bridge["bus"][key] for key in ("number", "secondary", "subordinate")]
        found[device["bus"], device["slot"], device["function"]] = {
            "ids": [device["class_info"]["class"], ids["vendor"], ids["device"]],
            "bars": {said["bar"]: region(said) for said in device["regions"]
                     if said["bar"] != ROM and said["size"]},
            "buses": buses}
        found.update(told(bridge.get("devices", [])) if bridge else {})
    return found


class Pci(KilnTest):
    def compare(self, *arguments, machine="q35"):
        """Runs the app; what it lists has to be what QEMU tells last."""
        source = self.write("listing.c", LISTING_C % os.path.join(ROOT, "apps", "pci", "main.c"))
        last = None
        with Machine(self, source, machine=machine, machine_arguments=arguments) as run:
            while not run.ended():
                try:
                    last = run.monitor.command("query-pci")
                except EOFError:
                    break
                time.sleep(0.05)
        self.assertEqual(run.result.status, 0, run.result.text())
        found = listed(run.result.text())
        expected = {}
        for bus in last:
            expected.update(told(bus["devices"]))
        self.assertEqual(sorted(found), sorted(expected))
        for place, facts in expected.items():
            self.assertEqual({key: found[place][key] for key in facts}, facts, place)
        self.assertEqual(run.complaints(), [])
        return found

    def names(self, found, vendor, device):
        """Capabilities of the device with these numbers."""
        return next(facts["names"] for facts in found.values()
                    if facts["ids"][1:] == [vendor, device])

    def test_q35(self):
        """q35: behind a root port, a bridge, and on a bus of another root, by ECAM"""
        found = self.compare(*BRIDGED, *EXPRESS)
        self.assertEqual({place[0] for place in found if place[0] >= 128}, {128, 129})
        names = self.names(found, 0x1B36, 0x0010)
        self.assertLessEqual({"MSI-X", "PCI Express"}, set(names))
        names = self.names(found, 0x8086, 0x10D3)
        self.assertLessEqual({"power management", "MSI", "MSI-X", "PCI Express",
                              "advanced error reporting", "serial number"}, set(names))

    def test_pc(self):
        """pc: behind a bridge, by ports"""
        found = self.compare(*BRIDGED, machine="pc")
        self.assertGreater(len(found), 8)
        self.assertEqual({kind for facts in found.values() for kind, *_ in facts["bars"].values()},
                         {"ports", "memory, 32 bits", "memory, 64 bits"})

    def test_microvm(self):
        """microvm has no PCI: nothing is listed, and nothing is touched that is not there"""
        self.assertEqual(self.good("run", "pci", "-b", "pc", "--machine", "microvm"), b"")

    def test_other_board(self):
        """a board without PCI is refused by name"""
        self.refused(3, "pci does not run on raspi3; -b takes pc", "build", "pci", "-b", "raspi3")
