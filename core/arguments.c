/* The boot arguments: Kiln's own options, then ` -- ` and the program's words. */
#include <core/boot_info.h>
#include <errno.h>
#include <kiln/panic.h>
#include <kiln/program.h>
#include <kiln/system.h>
#include <mm/early.h>
#include <stdbool.h>

/* Words, unquoted, each ended by 0, one behind the other. */
static char *words;
static char *program_words; /* the first of the program's */
static char *words_end;

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
static const char *unquote(const char *text, const char *end, char *to)
{
    char quote = 0;
    for (; text < end && *text && (quote || !is_space(*text)); text++) {
        bool escapes = *text == '\\' && quote != '\'' && text + 1 < end &&
                       (!quote || text[1] == '"' || text[1] == '\\');
        if (*text == quote)
            quote = 0;
        else if (!quote && (*text == '\'' || *text == '"'))
            quote = *text;
        else
            *to++ = escapes ? *++text : *text;
    }
    *to = 0;
    return text;
}

void boot_arguments_set(const char *text, size_t bytes)
{
    const char *end = text + bytes;
    char *to = bytes <= BOOT_ARGUMENT_BYTES ? mm_early_allocate(bytes + 1, 1) : NULL;
    if (!to)
        kiln_panic("the boot arguments are longer than %d bytes", BOOT_ARGUMENT_BYTES);
    words = to;
    for (;;) {
        while (text < end && is_space(*text))
            text++;
        if (text == end || !*text)
            break;
        const char *word = text;
        text = unquote(text, end, to);
        if (!program_words && text - word == 2 && word[0] == '-' && word[1] == '-')
            program_words = to;
        else
            to = word_after(to);
    }
    words_end = to;
    if (!program_words)
        program_words = to;
}

const char *kiln_boot_option(const char *name)
{
    for (char *word = words; word < program_words; word = word_after(word)) {
        size_t i = 0;
        while (name[i] && word[i] == name[i])
            i++;
        if (!name[i] && word[i] == '=')
            return word + i + 1;
    }
    return NULL;
}

int boot_program_arguments(int *argc, char ***argv)
{
    char *word;
    size_t count = 2;
    for (word = program_words; word < words_end; word = word_after(word))
        count++;
    char **next = mm_early_allocate(count * sizeof *next, sizeof *next);
    if (!next)
        return -ENOMEM;
    *argc = (int)count - 1;
    *argv = next;
    *next++ = (char *)kiln_program_name;
    for (word = program_words; word < words_end; word = word_after(word))
        *next++ = word;
    *next = NULL;
    return 0;
}
