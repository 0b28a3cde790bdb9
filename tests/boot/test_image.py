"""./kiln image: the card that a Raspberry Pi starts from."""

import os
import struct
import subprocess

from support import KilnTest, build_folder

PARTITION_BYTE = 2048 * 512


def tool(*command):
    """Runs a tool of dosfstools or mtools; its output."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    return subprocess.run(command, capture_output=True, timeout=60, check=True,
                          env={**os.environ, "PATH": path}).stdout


class Image(KilnTest):
    FIRMWARE = {"raspi3": ("bootcode.bin", "start.elf", "fixup.dat"),
                "raspi4": ("start4.elf", "fixup4.dat")}

    def card(self, board):
        return os.path.join(build_folder(), board, "hello", "sdcard.img")

    def firmware_folder(self, board):
        for name in self.FIRMWARE[board]:
            self.write(os.path.join(board, name), f"not really {name}")
        return self.path(board)

    def test_file_system(self):
        """a partition table with one FAT32 partition, in which fsck finds nothing"""
        for board in self.FIRMWARE:
            with self.subTest(board):
                self.good("image", "hello", "-b", board)
                with open(self.card(board), "rb") as file:
                    card = file.read()
                self.assertEqual(card[510:512], b"\x55\xaa")
                active, kind, start, count = struct.unpack_from("<B3xB3xII", card, 446)
                self.assertEqual((active, kind, start), (0x80, 0x0C, 2048))
                self.assertEqual((start + count) * 512, len(card))
                self.assertEqual(card[446 + 16:510], bytes(48))
                partition = self.path("partition")
                with open(partition, "wb") as file:
                    file.write(card[PARTITION_BYTE:])
                report = tool("fsck.fat", "-n", partition).decode()
                self.assertEqual(len(report.splitlines()), 2, report)
                self.assertEqual(card[PARTITION_BYTE + 82:PARTITION_BYTE + 90], b"FAT32   ")

    def test_kernel_boots(self):
        """the kernel that is taken out of the card boots, and config.txt names it"""
        for board in self.FIRMWARE:
            with self.subTest(board):
                self.good("image", "hello", "-b", board)
                where = f"{self.card(board)}@@{PARTITION_BYTE}"
                kernel = self.path("kernel8.img")
                tool("mcopy", "-n", "-o", "-i", where, "::/kernel8.img", kernel)
                config = tool("mtype", "-i", where, "::/config.txt").decode().split()
                for line in (f"[pi{board[-1]}]", "kernel=kernel8.img", "arm_64bit=1",
                             "kernel_address=0x80000", "enable_uart=1", "core_freq=250"):
                    self.assertIn(line, config)
                command = ["qemu-system-aarch64", "-M", board + "b", "-kernel", kernel, "-append",
                           "host=pipe", "-semihosting-config", "enable=on,target=native",
                           "-display", "none", "-monitor", "none", "-serial", "stdio"]
                result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True,
                                        timeout=30, check=False)
                self.assertIn(f"Hello from Kiln on {board}!".encode(), result.stdout)
                self.assertEqual(result.returncode, 0)

    def test_firmware(self):
        """the firmware's files are copied from --firmware, and asked for when they are missing"""
        for board, names in self.FIRMWARE.items():
            with self.subTest(board):
                folder = self.firmware_folder(board)
                result = self.kiln("image", "hello", "-b", board, "--firmware", folder)
                self.assertEqual(result.returncode, 0, result)
                self.assertNotIn(b"to start a real board", result.stderr)
                where = f"{self.card(board)}@@{PARTITION_BYTE}"
                for name in names:
                    self.assertEqual(tool("mtype", "-i", where, f"::/{name}"),
                                     f"not really {name}".encode())
                os.remove(os.path.join(folder, names[0]))
                result = self.kiln("image", "hello", "-b", board, "--firmware", folder)
                self.assertEqual(result.returncode, 0, result)
                self.assertRegex(result.stderr.decode(),
                                 f"add to the card: {names[0]}. .*raspi-firmware")

    def test_words(self):
        """words and CPUs are on the card as firmware passes them on: in cmdline.txt"""
        self.good("image", "hello", "-b", "raspi4", "--checks", "--smp", "4", "--",
                  "it's", "two words")
        text = tool("mtype", "-i", f"{self.card('raspi4')}@@{PARTITION_BYTE}", "::/cmdline.txt")
        self.assertEqual(text, b"smp=4 -- 'it'\"'\"'s' 'two words'\n")
        self.good("image", "hello", "-b", "raspi4")
        listed = tool("mdir", "-b", "-i", f"{self.card('raspi4')}@@{PARTITION_BYTE}", "::/")
        self.assertNotIn(b"cmdline.txt", listed)
        self.refused(2, "cannot hold a line feed", "image", "hello", "--", "a\nb")

    def test_release(self):
        """an image is built without checks unless they are asked for"""
        path = self.write("config.c", "#include <kiln.h>\n"
                                      "int main(void) { return KILN_CONFIG_CHECKS; }\n")
        self.good("image", path, "-b", "raspi3")
        self.assertEqual(self.kiln("run", path, "--release").returncode, 0)
        text = self.kiln("image", path, "-b", "raspi3", "--checks").stderr.decode()
        self.assertIn("building config", text)

    def test_refusals(self):
        """a board without an image, and a firmware folder that is not there"""
        self.refused(2, "virt-aarch64 starts from no image", "image", "hello", "-b", "virt-aarch64")
        self.refused(2, "no such folder: /nowhere", "image", "hello", "--firmware", "/nowhere")
