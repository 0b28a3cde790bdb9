"""What the bench needs to know of an ELF file: sizes of sections and values of symbols."""

import struct

ALLOCATED = 2
NO_BITS = 8
SYMBOL_TABLE = 2
FUNCTION = 2


class Section:
    def __init__(self, fields):
        (self.name_offset, self.kind, self.flags, self.address, self.offset, self.bytes,
         self.link) = fields[:7]
        self.name = ""


class Elf64:
    """A little-endian 64-bit ELF file."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = file.read()
        if self.data[:6] != b"\x7fELF\x02\x01":
            raise ValueError(f"{path} is no little-endian ELF64 file")
        self.sections = self._read_sections()

    def _read_sections(self):
        start, = struct.unpack_from("<Q", self.data, 0x28)
        entry_bytes, count, names_index = struct.unpack_from("<HHH", self.data, 0x3A)
        found = [Section(struct.unpack_from("<IIQQQQI", self.data, start + i * entry_bytes))
                 for i in range(count)]
        for section in found:
            section.name = self._text(found[names_index].offset + section.name_offset)
        return found

    def _text(self, offset):
        return self.data[offset:self.data.index(b"\0", offset)].decode()

    def loaded_bytes(self, but=()):
        """Bytes of text and data: everything that the image file has to carry."""
        return sum(s.bytes for s in self.sections
                   if s.flags & ALLOCATED and s.kind != NO_BITS and s.name not in but)

    def section_bytes(self, name):
        return sum(s.bytes for s in self.sections if s.name == name)

    def _symbols(self):
        """(name, kind, value) of each that has a name."""
        for table in (s for s in self.sections if s.kind == SYMBOL_TABLE):
            names = self.sections[table.link].offset
            for offset in range(table.offset, table.offset + table.bytes, 24):
                name_offset, info, _, _, value = struct.unpack_from("<IBBHQ", self.data, offset)
                if name_offset:
                    yield self._text(names + name_offset), info & 15, value

    def symbol(self, name):
        """A symbol's value; KeyError when there is none."""
        for found, _, value in self._symbols():
            if found == name:
                return value
        raise KeyError(name)

    def functions(self):
        """The names of all functions, also of those that are seen in one source file alone."""
        return {name for name, kind, _ in self._symbols() if kind == FUNCTION}
