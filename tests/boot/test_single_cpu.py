"""What an image for one CPU leaves out."""

import os
import subprocess

from support import ISA_BOARDS, KilnTest, build_folder

from kiln_cli import boards

PROGRAM = """
#include <kiln.h>
static KILN_SEMAPHORE(semaphore, 0);
static KILN_MUTEX(mutex);
static void *run(void *argument)
{
    kiln_mutex_lock(&mutex);
    kiln_mutex_unlock(&mutex);
    kiln_semaphore_post(&semaphore);
    return argument;
}
int main(void)
{
    struct kiln_thread *thread;
    if (kiln_thread_create(&thread, NULL, run, NULL))
        return 1;
    kiln_semaphore_wait(&semaphore);
    kiln_thread_cancel(thread);
    kiln_thread_set_priority(thread, 3);
    return kiln_thread_join(thread, NULL);
}
"""
SEVERAL = {"core_remote_request", "core_remote_serve", "core_send_to_idle", "core_idle_cpus",
           "core_idle_loop", "core_give", "core_place_among", "core_call_all"}


class SingleCpu(KilnTest):
    def names(self, board, smp):
        """The functions and variables of the program's image."""
        self.good("build", self.path("one.c"), "-b", board, "--config", f"SMP={smp}")
        image = os.path.join(build_folder(), board, "one", "one.elf")
        nm = boards.load(board).isa.tool("nm")
        result = subprocess.run([nm, image], check=True, capture_output=True, text=True)
        return {line.split()[-1] for line in result.stdout.splitlines()}

    def test_left_out(self):
        """with SMP=0 an image has none of what several CPUs need, with SMP=1 it has"""
        with open(self.path("one.c"), "w", encoding="utf-8") as file:
            file.write(PROGRAM)
        for board in ISA_BOARDS:
            with self.subTest(board):
                self.assertEqual(self.names(board, 0) & SEVERAL, set())
                self.assertGreaterEqual(self.names(board, 1) & SEVERAL,
                                        {"core_remote_request", "core_send_to_idle"})
