"""The boot arguments: Kiln's own words, then ` -- `, then the program's."""

from .failure import Failure


def quote(word):
    """One word in single quotes where the guest's parser needs them."""
    plain = word and all(c.isalnum() or c in "_@%+=:,./-" or ord(c) > 127 for c in word)
    if plain:
        return word
    return "'" + word.replace("'", "'\"'\"'") + "'"


def boot_arguments(own, arguments):
    """One string from Kiln's own words and the program's."""
    for word in own + arguments:
        if "\0" in word:
            raise Failure("an argument cannot contain a NUL byte")
    words = list(own)
    if arguments:
        words += ["--"] + [quote(word) for word in arguments]
    return " ".join(words)


def minimal_device_tree():
    """
    A device tree with nothing in it, for a board whose ATAGS are too short for the arguments:
    QEMU adds /memory and /chosen with the arguments to the tree it is given.
    """
    import struct

    def cells(*values):
        return struct.pack(f">{len(values)}I", *values)

    begin_node, end_node, prop, end = 1, 2, 3, 9
    names = b"#address-cells\0#size-cells\0"
    body = cells(begin_node, 0, prop, 4, 0, 2, prop, 4, 15, 1, end_node, end)
    header_bytes, reserved = 40, b"\0" * 16
    body_offset = header_bytes + len(reserved)
    names_offset = body_offset + len(body)
    total = names_offset + len(names)
    header = cells(0xD00DFEED, total, body_offset, names_offset, header_bytes, 17, 16, 0,
                   len(names), len(body))
    return header + reserved + body + names
