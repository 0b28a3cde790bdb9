/* Files that kiln_app(... FILES ...) embedded in the image, read-only. open() finds them too. */
#ifndef KILN_FILES_H
#define KILN_FILES_H

#include <kiln/api.h>

KILN_BEGIN

struct kiln_file {
    const char *name; /* as given to FILES */
    const void *data;
    size_t bytes;
};

/** The file of that name, or NULL. Any context. */
const struct kiln_file *kiln_file_find(const char *name);

/** The n-th file, from 0, or NULL beyond the last. Any context. */
const struct kiln_file *kiln_file_at(size_t n);

KILN_END

#endif
