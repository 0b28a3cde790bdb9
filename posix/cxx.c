/*
 * What C++ code calls without saying so, for .cpp files in an app: memory, static objects in
 * functions, pure virtual calls. There are no exceptions, so `new` that finds no memory panics
 * (the compiler takes it for granted that it returns some), and `new (std::nothrow)` returns NULL.
 * Names are mangled as the Itanium C++ ABI says, with size_t as `m` (unsigned long) or `j`.
 */
#include <stdlib.h>
#include <kiln/panic.h>
#include "posix.h"

#ifdef __LP64__
#define SIZE "m"
#else
#define SIZE "j"
#endif
#define ALIGN             "St11align_val_t"
#define NOTHROW           "RKSt9nothrow_t"

#define NAMED(mangled)    asm(mangled)
#define SAME_AS(function) __attribute__((weak, alias(function)))

static void *or_panic(void *block, size_t bytes)
{
    if (!block)
        kiln_panic("operator new: no memory for %zu bytes", bytes);
    return block;
}

/* An object of no bytes has an address of its own too; malloc sees to that. */
void *new_object(size_t bytes) NAMED("_Znw" SIZE);
void *new_object(size_t bytes)
{
    return or_panic(malloc(bytes), bytes);
}
void *new_array(size_t bytes) NAMED("_Zna" SIZE) SAME_AS("_Znw" SIZE);

void *new_aligned(size_t bytes, size_t alignment) NAMED("_Znw" SIZE ALIGN);
void *new_aligned(size_t bytes, size_t alignment)
{
    return or_panic(aligned_alloc(alignment, bytes), bytes);
}
void *new_array_aligned(size_t bytes, size_t alignment) NAMED("_Zna" SIZE ALIGN)
    SAME_AS("_Znw" SIZE ALIGN);

void *new_nothrow(size_t bytes, const void *tag) NAMED("_Znw" SIZE NOTHROW);
void *new_nothrow(size_t bytes, const void *tag)
{
    (void)tag;
    return malloc(bytes);
}
void *new_array_nothrow(size_t bytes, const void *tag) NAMED("_Zna" SIZE NOTHROW)
    SAME_AS("_Znw" SIZE NOTHROW);

/* std::nothrow itself */
const char nothrow NAMED("_ZSt7nothrow") = 0;

void delete_object(void *block) NAMED("_ZdlPv");
void delete_object(void *block)
{
    free(block);
}
void delete_array(void *block) NAMED("_ZdaPv") SAME_AS("_ZdlPv");
void delete_sized(void *block, size_t bytes) NAMED("_ZdlPv" SIZE);
void delete_sized(void *block, size_t bytes)
{
    (void)bytes;
    free(block);
}
void delete_array_sized(void *block, size_t bytes) NAMED("_ZdaPv" SIZE) SAME_AS("_ZdlPv" SIZE);
void delete_aligned(void *block, size_t alignment) NAMED("_ZdlPv" ALIGN) SAME_AS("_ZdlPv" SIZE);
void delete_array_aligned(void *block, size_t alignment) NAMED("_ZdaPv" ALIGN)
    SAME_AS("_ZdlPv" SIZE);
void delete_sized_aligned(void *block, size_t bytes, size_t alignment) NAMED("_ZdlPv" SIZE ALIGN);
void delete_sized_aligned(void *block, size_t bytes, size_t alignment)
{
    (void)bytes;
    (void)alignment;
    free(block);
}
void delete_array_sized_aligned(void *block, size_t bytes, size_t alignment)
    NAMED("_ZdaPv" SIZE ALIGN) SAME_AS("_ZdlPv" SIZE ALIGN);

_Noreturn void __cxa_pure_virtual(void)
{
    kiln_panic("pure virtual function called");
}

_Noreturn void __cxa_deleted_virtual(void)
{
    kiln_panic("deleted virtual function called");
}

/*
 * A function's static object: byte 0 of the guard is set once it is made (the compiler tests it),
 * the global lock is held while it is being made.
 */
int __cxa_guard_acquire(uint8_t *guard)
{
    __lock_acquire_recursive(POSIX_GLOBAL_LOCK);
    if (!__atomic_load_n(guard, __ATOMIC_ACQUIRE))
        return 1;
    __lock_release_recursive(POSIX_GLOBAL_LOCK);
    return 0;
}

void __cxa_guard_release(uint8_t *guard)
{
    __atomic_store_n(guard, 1, __ATOMIC_RELEASE);
    __lock_release_recursive(POSIX_GLOBAL_LOCK);
}

void __cxa_guard_abort(uint8_t *guard)
{
    (void)guard;
    __lock_release_recursive(POSIX_GLOBAL_LOCK);
}
