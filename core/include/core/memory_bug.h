/* The memory checker at boot, and what of compilers' instrumentation has to know threads. */
#ifndef CORE_MEMORY_BUG_H
#define CORE_MEMORY_BUG_H

#include <kiln/api.h>

/* Starts the checker; the image begins there. Boot, once free RAM is known. */
void core_memory_check_start(uintptr_t image);

KILN_BEGIN

/* What gcc and clang call in front of a call that does not return. */
void __asan_handle_no_return(void);

KILN_END

#endif
