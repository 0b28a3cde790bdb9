/* What gcc and clang call in code that they have instrumented (gcc: asan.cc; clang:
 * AddressSanitizer.cpp): each name is theirs. */
#ifndef INSTRUMENTATION_H
#define INSTRUMENTATION_H

#include <kiln/api.h>
#include <mm/memory_bug.h>

KILN_BEGIN

/* Before an access. `n` is a number of bytes. */
#define INSTRUMENTATION_SIZES(each) each(1) each(2) each(4) each(8) each(16)
#define INSTRUMENTATION_DECLARE(n)                                                                 \
    void __asan_load##n##_noabort(uintptr_t address);                                              \
    void __asan_store##n##_noabort(uintptr_t address);
INSTRUMENTATION_SIZES(INSTRUMENTATION_DECLARE)
void __asan_loadN_noabort(uintptr_t address, size_t bytes);
void __asan_storeN_noabort(uintptr_t address, size_t bytes);

/* Arrays of variable length: one, with 32 bytes in front of it and about as many behind; and all
 * that lie in [top, bottom), when top is not 0. */
void __asan_alloca_poison(uintptr_t start, size_t bytes);
void __asan_allocas_unpoison(uintptr_t top, uintptr_t bottom);

/* Variables whose block ends or begins. */
void __asan_poison_stack_memory(uintptr_t start, size_t bytes);
void __asan_unpoison_stack_memory(uintptr_t start, size_t bytes);

/* clang's, for all else of a frame: bytes of the shadow itself. */
#define INSTRUMENTATION_KINDS(each) each(00) each(f1) each(f2) each(f3) each(f5) each(f8)
#define INSTRUMENTATION_SET(kind)   void __asan_set_shadow_##kind(uint8_t *shadow, size_t bytes);
INSTRUMENTATION_KINDS(INSTRUMENTATION_SET)

/* A source file's global variables, before its other constructors, and after its destructors. */
void __asan_register_globals(struct memory_global *globals, size_t count);
void __asan_unregister_globals(struct memory_global *globals, size_t count);

KILN_END

#endif
