/* Reading one of the trees in data/ (or a corpus) into a block of exactly its size. */
#ifndef TREE_FILE_H
#define TREE_FILE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* The file's contents, for the caller to free. Ends the test when there is no such file. */
static inline void *tree_load(const char *path, size_t *bytes)
{
    FILE *file = fopen(path, "rb");
    void *tree;

    if (!file || fseek(file, 0, SEEK_END) != 0) {
        printf("Bail out! cannot read %s\n", path);
        exit(1);
    }
    *bytes = (size_t)ftell(file);
    rewind(file);
    tree = malloc(*bytes);
    if (fread(tree, 1, *bytes, file) != *bytes) {
        printf("Bail out! cannot read %s\n", path);
        exit(1);
    }
    fclose(file);
    return tree;
}

#endif
