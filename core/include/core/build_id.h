/* The image's build id: what the linker computes over an ELF. */
#ifndef CORE_BUILD_ID_H
#define CORE_BUILD_ID_H

#include <stdint.h>

/* An ELF note (from the linker script): three words, the name "GNU", then the bytes of the id. */
extern const uint8_t __build_id_note[], __build_id_note_end[];

#define BUILD_ID_START (__build_id_note + 16)
#define BUILD_ID_END   __build_id_note_end

#endif
