/* With SPINLOCK_LIMIT, under -icount: a spinlock that is held for long is told of in the log, with
 * the place that took it, once; others are not. */
#include <string.h>
#include "tap.h"
#include <kiln.h>

static struct kiln_spinlock outer = KILN_SPINLOCK_INIT, inner = KILN_SPINLOCK_INIT;
static char line[256];
static unsigned length, warnings;

/* Counts lines of the log that are such warnings. */
static void look(char c)
{
    if (c != '\n') {
        if (length < sizeof(line) - 1)
            line[length++] = c;
        return;
    }
    line[length] = 0;
    length = 0;
    warnings += strstr(line, "warning: spinlock") != NULL;
}

static unsigned count_warnings(void)
{
    warnings = 0;
    kiln_log_dump(look);
    return warnings;
}

static void hold_short(void)
{
    uintptr_t state = kiln_spin_lock(&outer);

    kiln_delay_for(KILN_MILLISECONDS(9));
    kiln_spin_unlock(&outer, state);
}

__attribute__((noinline)) static void hold_long(void)
{
    uintptr_t state = kiln_spin_lock(&outer);

    kiln_delay_for(KILN_MILLISECONDS(50));
    kiln_spin_unlock(&outer, state);
}

__attribute__((noinline)) static void hold_inner_long(void)
{
    uintptr_t state = kiln_spin_lock(&outer);

    for (unsigned i = 0; i < 6; i++)
        kiln_spin_unlock(&inner, kiln_spin_lock(&inner));
    kiln_spin_unlock(&outer, state);
    state = kiln_spin_lock(&inner);
    kiln_delay_for(KILN_MILLISECONDS(60));
    kiln_spin_unlock(&inner, state);
}

int main(void)
{
    hold_short();
    TAP_EQUAL(count_warnings(), 0);
    hold_long();
    TAP_EQUAL(count_warnings(), 1);
    hold_long();
    TAP_EQUAL(count_warnings(), 1);
    hold_inner_long();
    TAP_EQUAL(count_warnings(), 2);
    return tap_done();
}
