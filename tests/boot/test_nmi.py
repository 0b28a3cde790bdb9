"""Interrupts that cannot be masked, from QEMU's monitor, while everything else runs."""

import re
import time

from monitored import Machine, patiently
from support import KilnTest

SECONDS = 1.5
# Arithmetic whose result is known, on the console and by FP registers; an alarm each millisecond.
BUSY_C = r"""
#include <kiln.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double sum_of_roots(unsigned count)
{
    double sum = 0;

    for (unsigned i = 1; i <= count; i++)
        sum += __builtin_sqrt((double)i * i);
    return sum;
}

static unsigned checksum(void)
{
    unsigned sum = 0;
    char *block = malloc(10000);

    for (unsigned i = 0; i < 10000; i++)
        block[i] = (char)(i * 7);
    for (unsigned i = 0; i < 10000; i++)
        sum = sum * 31 + (unsigned char)block[i];
    free(block);
    return sum;
}

/* On another CPU, in its interrupt handler. */
static void add_up(void *result)
{
    for (unsigned i = 0; i < 1000; i++)
        *(unsigned *)result += i;
}

static int others_add_up(void)
{
    unsigned sum = 0;

    for (unsigned cpu = 1; cpu < kiln_cpu_count(); cpu++)
        kiln_cpu_call(cpu, add_up, &sum);
    return sum == (kiln_cpu_count() - 1) * 499500;
}

int main(void)
{
    int64_t end = kiln_time_now() + KILN_MILLISECONDS(2500);
    unsigned first = checksum(), rounds = 0;

    printf("begin\n");
    fflush(stdout);
    for (; kiln_time_now() < end; rounds++) {
        kiln_sleep_for(KILN_MICROSECONDS(100));
        if (sum_of_roots(1000) != 500500.0 || checksum() != first || !others_add_up()) {
            printf("wrong\n");
            return 1;
        }
        printf("All work and no play makes Kiln a dull runtime.\n");
        fflush(stdout);
    }
    printf("end after %u rounds\n", rounds);
    return 42;
}
"""
LINE = re.compile(rb"kiln: NMI on cpu (\d+) at 0x[0-9a-f]+ (\S+)\+0x[0-9a-f]+\n")
WORK = b"All work and no play makes Kiln a dull runtime.\n"


class Nmi(KilnTest):
    def interrupted(self, **options):
        """What the busy program prints, with many NMIs, and how many were sent."""
        source = self.source("busy.c", BUSY_C)
        sent = 0
        with Machine(self, source, **options) as machine:
            self.assertTrue(machine.printed(b"begin"))
            # Not to the end: QEMU 10.0 that gets a command while it exits may crash, or hang in
            # monitor_cleanup().
            end = time.monotonic() + SECONDS
            while time.monotonic() < end:
                machine.monitor.command("inject-nmi")
                sent += 1
                time.sleep(0.003)
            self.assertTrue(patiently(machine.ended))
        self.assertEqual(machine.complaints(), [])
        return machine.result, sent

    def test_one_cpu(self):
        """each prints a line, and the program's output, sums and alarms are as without"""
        result, sent = self.interrupted()
        self.assertEqual(result.status, 42, result.text()[-2000:])
        lines = LINE.findall(result.output)
        self.assertGreater(sent, 100)
        self.assertGreater(len(lines), sent // 4)
        self.assertGreater(len({name for _, name in lines}), 3)
        rest = LINE.sub(b"", result.output)
        found = re.fullmatch(rb"begin\n((?:%s)*)end after (\d+) rounds\n" % re.escape(WORK), rest)
        self.assertTrue(found, rest[-2000:])
        rounds = int(found.group(2))
        self.assertEqual(found.group(1), WORK * rounds)
        self.assertGreater(rounds, 20)

    def test_four_cpus(self):
        """the same with four CPUs, which print at the same time, while they call each other"""
        result, sent = self.interrupted(smp=4)
        self.assertEqual(result.status, 42, result.text()[-2000:])
        self.assertGreater(sent, 100)
        self.assertGreater(result.output.count(b"N"), sent)
