/* Offsets in struct arch_frame, for assembly; isa/frame.h asserts each of them. */
#ifndef ISA_FRAME_LAYOUT_H
#define ISA_FRAME_LAYOUT_H

#define FRAME_CR2    0
#define FRAME_RBX    8
#define FRAME_RDI    48 /* what an interrupt saves begins here */
#define FRAME_VECTOR 120
#define FRAME_ERROR  124
#define FRAME_RBP    128 /* with FRAME_RIP behind it this is a frame record */
#define FRAME_RIP    136
#define FRAME_RSP    160
#define FRAME_BYTES  176

#endif
