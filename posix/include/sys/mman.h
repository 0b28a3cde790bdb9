/* Memory that a program maps, as POSIX and Linux have it: anonymous only, over kiln/vm.h. */
#ifndef _SYS_MMAN_H
#define _SYS_MMAN_H

#include <stddef.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PROT_NONE      0
#define PROT_READ      1
#define PROT_WRITE     2 /* and read; never together with PROT_EXEC */
#define PROT_EXEC      4

#define MAP_SHARED     0x01
#define MAP_PRIVATE    0x02
#define MAP_FIXED      0x10 /* in place of what mmap has mapped there before */
#define MAP_ANONYMOUS  0x20
#define MAP_ANON       MAP_ANONYMOUS
#define MAP_NORESERVE  0x4000
#define MAP_POPULATE   0x8000
#define MAP_FAILED     ((void *)-1)

#define MREMAP_MAYMOVE 1
#define MREMAP_FIXED   2 /* to the address that follows, whatever mmap has mapped there */

void *mmap(void *address, size_t bytes, int protection, int flags, int file, off_t offset);
int munmap(void *address, size_t bytes);
int mprotect(void *address, size_t bytes, int protection);
void *mremap(void *address, size_t bytes, size_t new_bytes, int flags, ...);

#ifdef __cplusplus
}
#endif

#endif
