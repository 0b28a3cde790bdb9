/* Anonymous mappings over Kiln's ranges of virtual memory. */
#include <errno.h>
#include <string.h>
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

/* Maps a page like another, with a copy of what that one holds, which is to be there before anybody
 * touches it; what has not been touched yet stays so. 0 or an errno. */
static int copy_page(char *to, const char *from)
{
    struct kiln_vm_info info;
    bool is_there = kiln_vm_query(from, &info) == 0 && info.block_bytes;
    int error = -kiln_vm_map(to, KILN_VM_PAGE, KILN_VM_WRITE,
                             is_there ? KILN_VM_POPULATE : KILN_VM_ON_DEMAND);
    if (!error && is_there)
        memcpy(to, from, KILN_VM_PAGE);
    return error;
}

/* Maps a reserved range with a copy of a smaller one at its start. 0 or an errno. */
static int copy(char *to, size_t new_bytes, const char *from, size_t bytes,
                enum kiln_vm_access access)
{
    int error = 0;
    for (size_t at = 0; !error && at < bytes; at += KILN_VM_PAGE)
        error = copy_page(to + at, from + at);
    if (!error)
        error = -kiln_vm_map(to + bytes, new_bytes - bytes, KILN_VM_WRITE, KILN_VM_ON_DEMAND);
    if (!error && access != KILN_VM_WRITE)
        error = -kiln_vm_protect(to, new_bytes, access);
    return error;
}

/* Whether a range is mapped in one way that lets it be read: then it can move. */
static bool may_move(const char *address, size_t bytes, struct kiln_vm_info *info)
{
    return kiln_vm_query(address, info) == 0 && info->is_mapped && !info->is_snapshot &&
           info->access != KILN_VM_NO_ACCESS &&
           bytes <= info->bytes - (size_t)(address - (char *)info->start);
}

static int move(void **address, size_t bytes, size_t new_bytes)
{
    struct kiln_vm_info info;
    void *place;
    if (!may_move(*address, bytes, &info))
        return EFAULT;
    int error = find_room(&place, new_bytes, 0);
    if (error)
        return error;
    error = copy(place, new_bytes, *address, bytes, info.access);
    if (!error)
        error = -kiln_vm_release(*address, bytes);
    if (error)
        kiln_vm_release(place, new_bytes);
    else
        *address = place;
    return error;
}

void *kiln_posix_mremap(void *address, size_t bytes, size_t new_bytes, int flags, ...)
{
    size_t old = whole_pages(bytes), wanted = whole_pages(new_bytes);
    int error = 0;
    if (old == 0 || wanted == 0 || flags & ~MREMAP_MAYMOVE || (uintptr_t)address % KILN_VM_PAGE)
        return fail_to_map(EINVAL);
    if (wanted < old)
        error = -kiln_vm_release((char *)address + wanted, old - wanted);
    else if (wanted > old)
        error = flags & MREMAP_MAYMOVE ? move(&address, old, wanted) : ENOMEM;
    return error ? fail_to_map(error) : address;
}
void *mremap(void *address, size_t bytes, size_t new_bytes, int flags, ...)
    POSIX_ALIAS(kiln_posix_mremap);
