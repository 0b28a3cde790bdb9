/* What is inside pipes (kiln/pipe.h) and message buffers (kiln/message_buffer.h). */
#ifndef KILN_BYTE_RING_H
#define KILN_BYTE_RING_H

#include <kiln/api.h>

KILN_BEGIN

/* Its members are the runtime's own. */
struct kiln_byte_ring {
    uint8_t *data;
    size_t size;
    size_t first; /* where the oldest byte is */
    size_t count;
};

KILN_END

#endif
