/* Offsets in struct arch_context, for assembly; arch/context.h asserts each of them. */
#ifndef ARCH_CONTEXT_LAYOUT_H
#define ARCH_CONTEXT_LAYOUT_H

#define ARCH_CONTEXT_SP      0
#define ARCH_CONTEXT_TLS     8
#define ARCH_CONTEXT_RESULT  16
#define ARCH_CONTEXT_USES_FP 24

#endif
