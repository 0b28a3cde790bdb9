/* kiln_reset() starts the image again; .noinit and with it the log survive, other data does not. */
#include <kiln.h>
#include <string.h>
#include "tap.h"

#define MAGIC 0x52455345u

static struct {
    uint32_t magic;
    uint32_t starts;
} kept KILN_NOINIT;

static unsigned initialised = 7;
static unsigned zero;
static char log_text[KILN_CONFIG_LOG_BYTES];
static size_t log_bytes;

static void collect(char c)
{
    if (log_bytes < sizeof(log_text) - 1)
        log_text[log_bytes++] = c;
}

int main(void)
{
    if (kept.magic != MAGIC) {
        kept.magic = MAGIC;
        kept.starts = 0;
    }
    kept.starts++;
    if (kept.starts < 3) {
        initialised = zero = 100 + kept.starts;
        kiln_log_info("start %u", (unsigned)kept.starts);
        kiln_reset();
    }
    printf("\n");
    kept.magic = 0;
    TAP_EQUAL(kept.starts, 3);
    TAP_EQUAL(initialised, 7);
    TAP_EQUAL(zero, 0);
    kiln_log_dump(collect);
    TAP_CHECK(strstr(log_text, "start 1\n"));
    TAP_CHECK(strstr(log_text, "start 2\n"));
    return tap_done();
}
