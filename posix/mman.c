/* Anonymous mappings over Kiln's ranges of virtual memory. */
#include <errno.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <kiln/vm.h>
#include "posix.h"

static int fail(int error)
{
    errno = error;
    return -1;
}

static void *fail_to_map(int error)
{
    errno = error;
    return MAP_FAILED;
}

/* Whole pages; 0 for 0, and for what is too much. */
static size_t whole_pages(size_t bytes)
{
    return (bytes + KILN_VM_PAGE - 1) & ~(KILN_VM_PAGE - 1);
}

/* An enum kiln_vm_access, or -1: nothing may be written and executed. */
static int access_of(int protection)
{
    if (protection & ~(PROT_READ | PROT_WRITE | PROT_EXEC))
        return -1;
    if (protection & PROT_WRITE)
        return protection & PROT_EXEC ? -1 : KILN_VM_WRITE;
    if (protection & PROT_EXEC)
        return KILN_VM_EXECUTE;
    return protection & PROT_READ ? KILN_VM_READ : KILN_VM_NO_ACCESS;
}

/* Addresses: new ones, or those of what is mapped there. 0 or an errno. */
static int find_room(void **address, size_t bytes, int flags)
{
    if (!(flags & MAP_FIXED))
        return -kiln_vm_reserve(bytes, 0, address);
    int error = -kiln_vm_unmap(*address, bytes);
    return error == EFAULT ? ENOMEM : error;
}

static int map(void **address, size_t bytes, int access, int flags)
{
    int error = find_room(address, bytes, flags);
    if (error)
        return error;
    bool populates = flags & MAP_POPULATE && access != KILN_VM_NO_ACCESS;
    error = -kiln_vm_map(*address, bytes, (enum kiln_vm_access)access,
                         populates ? KILN_VM_POPULATE : KILN_VM_ON_DEMAND);
    if (error && !(flags & MAP_FIXED))
        kiln_vm_release(*address, bytes);
    return error;
}

void *kiln_posix_mmap(void *address, size_t bytes, int protection, int flags, int file,
                      off_t offset)
{
    int access = access_of(protection);
    (void)file;
    (void)offset;
    if (whole_pages(bytes) == 0)
        return fail_to_map(bytes ? ENOMEM : EINVAL);
    if (!(flags & (MAP_SHARED | MAP_PRIVATE)))
        return fail_to_map(EINVAL);
    if (!(flags & MAP_ANONYMOUS))
        return fail_to_map(ENODEV);
    if (access < 0)
        return fail_to_map(ENOTSUP);
    int error = map(&address, whole_pages(bytes), access, flags);
    return error ? fail_to_map(error) : address;
}
void *mmap(void *address, size_t bytes, int protection, int flags, int file, off_t offset)
    POSIX_ALIAS(kiln_posix_mmap);

int kiln_posix_munmap(void *address, size_t bytes)
{
    int error = -kiln_vm_release(address, whole_pages(bytes));
    return error ? fail(error) : 0;
}
int munmap(void *address, size_t bytes) POSIX_ALIAS(kiln_posix_munmap);

int kiln_posix_mprotect(void *address, size_t bytes, int protection)
{
    int access = access_of(protection);
    if (access < 0)
        return fail(ENOTSUP);
    if (bytes == 0)
        return 0;
    int error = -kiln_vm_protect(address, whole_pages(bytes), (enum kiln_vm_access)access);
    return error ? fail(error == EFAULT ? ENOMEM : error) : 0;
}
int mprotect(void *address, size_t bytes, int protection) POSIX_ALIAS(kiln_posix_mprotect);

/* Whether a range is mapped in one way, and which. 0 or an errno. */
static int look(const char *address, size_t bytes, struct kiln_vm_info *info)
{
    if (kiln_vm_query(address, info) || !info->is_mapped ||
        bytes > info->bytes - (size_t)(address - (char *)info->start))
        return EFAULT;
    return info->is_snapshot ? EBUSY : 0;
}

/* Maps what follows a range like it, if nobody has that. 0 or an errno. */
static int grow(char *end, size_t bytes, enum kiln_vm_access access)
{
    struct kiln_vm_info behind;
    if (kiln_vm_query(end, &behind) || behind.is_reserved || behind.bytes < bytes + KILN_VM_PAGE ||
        kiln_vm_reserve_at(end, bytes))
        return ENOMEM;
    int error = -kiln_vm_map(end, bytes, access, KILN_VM_ON_DEMAND);
    if (error)
        kiln_vm_release(end, bytes);
    return error;
}

/* Reserves addresses: these, whatever is there, or, where that is NULL, any. 0 or an errno. */
static int find_place(char **place, size_t bytes)
{
    void *start;
    int error = *place ? -kiln_vm_release(*place, bytes) : -kiln_vm_reserve(bytes, 0, &start);
    if (error)
        return error;
    if (*place)
        return -kiln_vm_reserve_at(*place, bytes);
    *place = start;
    return 0;
}

/* Moves a range. At worst its old addresses stay reserved. 0 or an errno. */
static int move(void **address, size_t bytes, char *place, size_t wanted,
                enum kiln_vm_access access)
{
    int error = find_place(&place, wanted);
    if (error)
        return error;
    if (wanted > bytes)
        error = -kiln_vm_map(place + bytes, wanted - bytes, access, KILN_VM_ON_DEMAND);
    if (!error)
        error = -kiln_vm_move(*address, place, wanted < bytes ? wanted : bytes);
    if (error) {
        kiln_vm_release(place, wanted);
        return error;
    }
    kiln_vm_release(*address, bytes);
    *address = place;
    return 0;
}

/* 0 or an errno. */
static int remap(void **address, size_t bytes, size_t wanted, int flags, char *place)
{
    struct kiln_vm_info info;
    bool is_cut = wanted < bytes && !(flags & MREMAP_FIXED);
    int error = look(*address, is_cut ? KILN_VM_PAGE : bytes, &info);
    if (error)
        return error;
    if (is_cut)
        return -kiln_vm_release((char *)*address + wanted, bytes - wanted);
    if (flags & MREMAP_FIXED)
        return move(address, bytes, place, wanted, info.access);
    if (wanted == bytes || grow((char *)*address + bytes, wanted - bytes, info.access) == 0)
        return 0;
    return flags & MREMAP_MAYMOVE ? move(address, bytes, NULL, wanted, info.access) : ENOMEM;
}

static bool is_bad_place(uintptr_t from, size_t bytes, uintptr_t to, size_t wanted, int flags)
{
    if (!(flags & MREMAP_FIXED))
        return false;
    bool overlaps = from - to < wanted || to - from < bytes;
    return to == 0 || to % KILN_VM_PAGE || overlaps || !(flags & MREMAP_MAYMOVE);
}

void *kiln_posix_mremap(void *address, size_t bytes, size_t new_bytes, int flags, ...)
{
    size_t old = whole_pages(bytes), wanted = whole_pages(new_bytes);
    char *place = NULL;
    if (flags & MREMAP_FIXED) {
        va_list arguments;
        va_start(arguments, flags);
        place = va_arg(arguments, char *);
        va_end(arguments);
    }
    if (old == 0 || wanted == 0 || flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED) ||
        (uintptr_t)address % KILN_VM_PAGE ||
        is_bad_place((uintptr_t)address, old, (uintptr_t)place, wanted, flags))
        return fail_to_map(EINVAL);
    int error = remap(&address, old, wanted, flags, place);
    return error ? fail_to_map(error) : address;
}
void *mremap(void *address, size_t bytes, size_t new_bytes, int flags, ...)
    POSIX_ALIAS(kiln_posix_mremap);
