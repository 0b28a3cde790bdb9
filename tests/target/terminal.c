/*
 * The console with a person at its other end: what the program reads is edited, and what the
 * screen shows is an echo. terminal.json types, and looks at the screen.
 */
#include <kiln.h>
#include <stdio.h>
#include <string.h>
#include "tap.h"

static bool reads(const char *wanted)
{
    char line[200];
    size_t count = kiln_console_read(line, sizeof(line));

    return count == strlen(wanted) && memcmp(line, wanted, count) == 0;
}

int main(void)
{
    char key;

    TAP_CHECK(kiln_console_is_terminal());
    TAP_CHECK(reads("hello\n"));
    TAP_CHECK(reads("two words\n"));
    TAP_CHECK(reads("again\n"));
    TAP_CHECK(reads("\x04\n"));
    TAP_CHECK(reads("half"));
    TAP_CHECK(reads(""));
    TAP_CHECK(reads("gr\xC3\xBC\xC3\x9F"
                    "e\n"));
    kiln_console_set_raw(true);
    TAP_EQUAL(kiln_console_read(&key, 1), 1);
    TAP_EQUAL(key, 'k');
    TAP_EQUAL(kiln_console_read(&key, 1), 1);
    TAP_EQUAL(key, '\r');
    kiln_console_set_raw(false);
    TAP_CHECK(reads("last\n"));
    printf("the end\n");
    return tap_done();
}
