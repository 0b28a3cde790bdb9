"""The image of an SD card with one FAT32 partition for a Raspberry Pi."""

import os
import struct
import tempfile

from . import packages, words
from .failure import Failure
from .image_tools import execute
from .report import say

SECTOR_BYTES = 512
PARTITION_START = 2048
# FAT32 needs at least 65,525 clusters; with one sector each, 64 MiB leaves room for firmware.
CARD_SECTORS = 64 * 1024 * 1024 // SECTOR_BYTES + PARTITION_START
FAT32_LBA = 0x0C
DEBIAN_FIRMWARE = ("/usr/lib/raspi-firmware", "/boot/firmware")
WHERE_FROM = ("Debian's package raspi-firmware (non-free-firmware) and the boot folder of "
              "Raspberry Pi's firmware repository have them; --firmware DIR adds them")


def check(board, options):
    if options.firmware and not os.path.isdir(options.firmware):
        raise Failure(f"no such folder: {options.firmware}")
    if any("\n" in word for word in options.arguments):
        raise Failure("cmdline.txt is one line: a word on the card cannot hold a line feed")


def make(built, options):
    """Writes build/BOARD/APP/sdcard.img."""
    board = built.request.board
    found, absent = firmware_files(board, options.firmware)
    target = os.path.join(built.tree, "sdcard.img")
    with tempfile.TemporaryDirectory(dir=built.tree) as folder:
        texts = {"config.txt": config_text(board),
                 "cmdline.txt": words.boot_arguments(options.own, options.arguments)}
        paths = [write(os.path.join(folder, name), f"{text}\n")
                 for name, text in texts.items() if text]
        card = os.path.join(folder, "sdcard.img")
        write_card(card, paths + [built.image] + found, options.verbose)
        os.replace(card, target)
    say(f"made {target}")
    if absent:
        say(f"to start a real board, add to the card: {', '.join(absent)}. {WHERE_FROM}")


def write(path, text):
    with open(path, "wb") as file:
        file.write(os.fsencode(text))
    return path


def firmware_files(board, folder):
    """(paths that were found, names that were not)."""
    folders = [folder] if folder else [path for path in DEBIAN_FIRMWARE if os.path.isdir(path)]
    found, absent = [], []
    for name in board.image["firmware"]:
        paths = [os.path.join(each, name) for each in folders]
        existing = [path for path in paths if os.path.isfile(path)]
        if existing:
            found.append(existing[0])
        else:
            absent.append(name)
    return found, absent


def config_text(board):
    """The firmware's settings: which kernel, where it is loaded, and a console that works."""
    return (
        f"[{board.image['section']}]\n"
        f"kernel={board.kernel}\n"
        f"kernel_address={board.load_address:#x}\n"
        "arm_64bit=1\n"
        "enable_uart=1\n"
        "core_freq=250\n"
        "[all]"
    )


def write_card(path, files, verbose):
    with open(path, "wb") as card:
        card.write(master_boot_record())
        card.truncate(CARD_SECTORS * SECTOR_BYTES)
    make_file_system(path, verbose)
    command = [packages.find_program("mcopy"), "-i",
               f"{path}@@{PARTITION_START * SECTOR_BYTES}", *files, "::/"]
    execute(command, verbose)


def master_boot_record():
    """One active FAT32 partition; its CHS addresses say 'see the LBA ones'."""
    beyond_chs = b"\xfe\xff\xff"
    entry = struct.pack("<B3sB3sII", 0x80, beyond_chs, FAT32_LBA, beyond_chs, PARTITION_START,
                        CARD_SECTORS - PARTITION_START)
    disk_signature = struct.pack("<I2x", 0x4B494C4E)
    return bytes(440) + disk_signature + entry + bytes(48) + b"\x55\xaa"


def make_file_system(path, verbose):
    blocks = (CARD_SECTORS - PARTITION_START) * SECTOR_BYTES // 1024
    command = [packages.find_program("mkfs.fat"), "-F", "32", "-s", "1", "-n", "KILN",
               "-h", str(PARTITION_START), "--offset", str(PARTITION_START), path, str(blocks)]
    execute(command, verbose)
