/* The boot arguments: Kiln's own options, then ` -- ` and the program's words. */
#include <core/boot_info.h>
#include <kiln/panic.h>
#include <kiln/program.h>
#include <kiln/system.h>
#include <mm/early.h>
#include <stdbool.h>
#include <string.h>

/* Words, unquoted, each ended by 0, one behind the other. */
static struct {
    char *words;
    char *program_words; /* the first of the program's */
    size_t program_count;
} arguments;

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

static char *word_after(char *word)
{
    while (*word++)
        ;
    return word;
}

/* Copies the word at text to `to`, unquoted as a POSIX shell does; returns where the word ends. */
static const char *unquote(const char *text, char *to)
{
    char quote = 0;
    for (; *text && (quote || !is_space(*text)); text++) {
        if (*text == quote) {
            quote = 0;
        } else if (!quote && (*text == '\'' || *text == '"')) {
            quote = *text;
        } else {
            if (*text == '\\' && quote != '\'' &&
                (quote ? text[1] == '"' || text[1] == '\\' : text[1] != 0))
                text++;
            *to++ = *text;
        }
    }
    *to = 0;
    return text;
}

/* The words go over the text, which stands a byte higher, so that each has room for its end. */
void boot_arguments_set(const char *from, size_t bytes)
{
    char *to = bytes <= BOOT_ARGUMENT_BYTES ? mm_early_allocate(bytes + 2, 1) : NULL;
    if (!to)
        kiln_panic("the boot arguments are longer than %d bytes", BOOT_ARGUMENT_BYTES);
    const char *text = memcpy(to + 1, from, bytes);
    to[1 + bytes] = 0;
    char *program_words = NULL;
    size_t count = 0;
    arguments.words = to;
    for (;;) {
        while (is_space(*text))
            text++;
        if (!*text)
            break;
        const char *word = text;
        text = unquote(text, to);
        if (!program_words && text - word == 2 && to[0] == '-' && to[1] == '-') {
            program_words = to;
        } else {
            count += program_words != NULL;
            to = word_after(to);
        }
    }
    arguments.program_words = program_words ? program_words : to;
    arguments.program_count = count;
}

const char *kiln_boot_option(const char *name)
{
    for (char *word = arguments.words; word < arguments.program_words; word = word_after(word)) {
        size_t i = 0;
        while (name[i] && word[i] == name[i])
            i++;
        if (!name[i] && word[i] == '=')
            return word + i + 1;
    }
    return NULL;
}

char **boot_program_arguments(int *argc)
{
    size_t count = arguments.program_count;
    char **argv = mm_early_allocate((count + 2) * sizeof *argv, sizeof *argv);
    if (!argv)
        kiln_panic("no memory for the program's arguments");
    char **next = argv;
    *next++ = (char *)kiln_program_name;
    for (char *word = arguments.program_words; count > 0; count--, word = word_after(word))
        *next++ = word;
    *next = NULL;
    *argc = (int)(next - argv);
    return argv;
}
