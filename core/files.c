/* Files embedded in the image: a table that the linker collects. */
#include <kiln/files.h>

extern const struct kiln_file __kiln_files_start[], __kiln_files_end[];

const struct kiln_file *kiln_file_at(size_t n)
{
    size_t count = (size_t)(__kiln_files_end - __kiln_files_start);
    return n < count ? &__kiln_files_start[n] : NULL;
}

static bool same(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

const struct kiln_file *kiln_file_find(const char *name)
{
    const struct kiln_file *file;
    for (size_t n = 0; (file = kiln_file_at(n)); n++)
        if (same(file->name, name))
            return file;
    return NULL;
}
