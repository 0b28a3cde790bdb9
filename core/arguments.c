/* The boot arguments: Kiln's own options, then ` -- ` and the program's words. */
#include <core/boot_info.h>
#include <errno.h>
#include <kiln/program.h>
#include <kiln/system.h>
#include <mm/early.h>
#include <stdbool.h>

static struct {
    const char *text;
    size_t bytes;
    size_t option_bytes; /* what stands in front of the program's words */
} arguments;

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

/* Where the program's words begin: behind the first -- that is a word of its own. */
static size_t find_program(const char *text, size_t bytes)
{
    for (size_t i = 0; i + 1 < bytes; i++) {
        bool starts = i == 0 || is_space(text[i - 1]);
        bool ends = i + 2 == bytes || is_space(text[i + 2]);
        if (starts && ends && text[i] == '-' && text[i + 1] == '-')
            return i;
    }
    return bytes;
}

void boot_arguments_set(const char *text, size_t bytes)
{
    arguments.text = text;
    arguments.bytes = bytes;
    arguments.option_bytes = find_program(text, bytes);
}

int boot_arguments_keep(void)
{
    char *copy = mm_early_allocate(arguments.bytes + 1, 1);
    if (!copy)
        return -ENOMEM;
    for (size_t i = 0; i < arguments.bytes; i++)
        copy[i] = arguments.text[i];
    copy[arguments.bytes] = 0;
    arguments.text = copy;
    return 0;
}

static const char *option_value(const char *word, const char *end, const char *name)
{
    while (word < end && *name && *word == *name) {
        word++;
        name++;
    }
    return !*name && word < end && *word == '=' ? word + 1 : NULL;
}

const char *kiln_boot_option(const char *name)
{
    static char value[64];
    const char *text = arguments.text;
    const char *end = text + arguments.option_bytes;
    while (text < end) {
        const char *found = option_value(text, end, name);
        if (found) {
            size_t n = 0;
            while (found < end && !is_space(*found) && n < sizeof value - 1)
                value[n++] = *found++;
            value[n] = 0;
            return value;
        }
        while (text < end && !is_space(*text))
            text++;
        while (text < end && is_space(*text))
            text++;
    }
    return NULL;
}

/* Copies one word from *from to to, unquoted, the way a POSIX shell does; returns its end. */
static char *unquote(const char **from, char *to)
{
    const char *text = *from;
    char quote = 0;
    for (; *text && (quote || !is_space(*text)); text++) {
        if (*text == quote)
            quote = 0;
        else if (!quote && (*text == '\'' || *text == '"'))
            quote = *text;
        else if (*text == '\\' && quote != '\'' && text[1] &&
                 (!quote || text[1] == '"' || text[1] == '\\'))
            *to++ = *++text;
        else
            *to++ = *text;
    }
    *from = text;
    *to++ = 0;
    return to;
}

/* Words never grow, so they are unquoted in place; argv follows the last one. */
int boot_program_arguments(int *argc, char ***argv)
{
    const char *from = arguments.text + arguments.option_bytes;
    char *to = (char *)from;
    char *first = to;
    int count = 0;
    if (arguments.option_bytes < arguments.bytes)
        from += 2;
    while (from) {
        while (is_space(*from))
            from++;
        if (!*from)
            break;
        to = unquote(&from, to);
        count++;
    }
    char **list = mm_early_allocate(sizeof(char *) * (size_t)(count + 2), sizeof(char *));
    if (!list)
        return -ENOMEM;
    *argc = 0;
    list[(*argc)++] = (char *)kiln_program_name;
    for (; count > 0; count--) {
        list[(*argc)++] = first;
        while (*first++)
            ;
    }
    list[*argc] = NULL;
    *argv = list;
    return 0;
}
