/* Offsets in struct arch_frame, for assembly; isa/frame.h asserts each of them. */
#ifndef ISA_FRAME_LAYOUT_H
#define ISA_FRAME_LAYOUT_H

#define FRAME_X0     0
#define FRAME_X18    144
#define FRAME_LR     152
#define FRAME_FP     160 /* with FRAME_PC behind it this is a frame record */
#define FRAME_PC     168
#define FRAME_SP     176
#define FRAME_PSTATE 184
#define FRAME_X19    192
#define FRAME_ESR    272
#define FRAME_FAR    280
#define FRAME_BYTES  288

#endif
