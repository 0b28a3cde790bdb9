/*
 * The log: lines with a level, kept in a ring that a warm reset preserves and a panic prints once
 * something was logged.
 * Formats: %d %i %u %x %X %p %s %c %%, with l, ll, z, a width, '0' and '-', and %.*s.
 */
#ifndef KILN_LOG_H
#define KILN_LOG_H

#include <kiln/api.h>

KILN_BEGIN

enum kiln_log_level {
    KILN_LOG_ERROR = 1,
    KILN_LOG_WARNING,
    KILN_LOG_INFO,
    KILN_LOG_DEBUG,
};

/** Adds a line; lines up to LOG_CONSOLE also go to the console. Any context, takes no lock long. */
void kiln_log_write(enum kiln_log_level level, const char *format, ...) KILN_PRINTF(2, 3);

/** Calls write() with each byte of the ring, oldest first. Any context. */
void kiln_log_dump(void (*write)(char c));

/** Adds a line unless LOG_LEVEL leaves the level out, when it costs nothing. */
#define kiln_log(level, ...)                                                                       \
    do {                                                                                           \
        if ((level) <= KILN_CONFIG_LOG_LEVEL)                                                      \
            kiln_log_write((level), __VA_ARGS__);                                                  \
    } while (0)

#define kiln_log_error(...)   kiln_log(KILN_LOG_ERROR, __VA_ARGS__)
#define kiln_log_warning(...) kiln_log(KILN_LOG_WARNING, __VA_ARGS__)
#define kiln_log_info(...)    kiln_log(KILN_LOG_INFO, __VA_ARGS__)
#define kiln_log_debug(...)   kiln_log(KILN_LOG_DEBUG, __VA_ARGS__)

KILN_END

#endif
