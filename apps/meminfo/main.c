/*
 * What memory is used for: allocates some, and prints what the runtime knows of it. With
 * --config HEAP_PROFILE=1 the profile of the heap, by call sites, follows at the end.
 */
#include <kiln.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct item {
    struct item *next;
    char text[40];
};

static KILN_CACHE(items, struct item, NULL);

static void print(void *stream, const char *line)
{
    fputs(line, stream);
}

static struct item *make_list(unsigned count)
{
    struct item *first = NULL;

    while (count-- > 0) {
        struct item *item = kiln_cache_allocate(&items);

        if (!item)
            break;
        snprintf(item->text, sizeof(item->text), "item %u", count);
        item->next = first;
        first = item;
    }
    return first;
}

/* Half of them are freed again. */
static void use_heap(void)
{
    static char *blocks[200];

    for (unsigned i = 0; i < 200; i++)
        blocks[i] = malloc(10 * (i + 1));
    for (unsigned i = 0; i < 200; i += 2) {
        free(blocks[i]);
        blocks[i] = NULL;
    }
}

int main(void)
{
    static char *large;
    void *range = NULL;
    struct item *list = make_list(1000);

    use_heap();
    large = malloc(1000000);
    if (kiln_vm_reserve(1 << 20, 0, &range) == 0 &&
        kiln_vm_map(range, 1 << 20, KILN_VM_WRITE, KILN_VM_ON_DEMAND) == 0)
        memset(range, 1, 100000);
    kiln_meminfo(print, stdout);
    printf("\n");
    kiln_slabinfo(print, stdout);
    return !list || !large;
}
