#!/usr/bin/python3
"""
Plants mistakes into copies of the scheduler's sources, one at a time, and sees test_schedule.c
find each of them. KILN_LONG_TESTS=1 plants all, else one of three.

    schedule_mutations.py FOLDER OPTIONS... -- SOURCES...
"""

import concurrent.futures
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
IS_LONG = bool(os.environ.get("KILN_LONG_TESTS"))
LIMIT_SECONDS = 20

# What is wrong, the file, its text and what that becomes; each text is there once.
MUTATIONS = [
    ("who is woken goes before the running thread's equals", "core/schedule.c",
     "ring_insert_before(self, thread);", "ring_insert_before(self->next, thread);"),
    ("a lowered thread goes behind its equals", "core/priority.c",
     "if (is_lowered || thread == arch_thread_self())", "if (thread == arch_thread_self())"),
    ("a raised thread that runs goes behind its equals", "core/priority.c",
     "if (is_lowered || thread == arch_thread_self())", "if (is_lowered)"),
    ("the priority stays as it is after an unlock", "core/mutex.c",
     "__ATOMIC_RELEASE);\n    core_inherit(owner);", "__ATOMIC_RELEASE);"),
    ("the priority stays as it is after a time-out", "core/mutex.c",
     "        core_inherit(owner);\n    }\n", "    }\n"),
    ("who waits for a mutex does not raise its owner", "core/wait.c",
     "    core_inherit(owner);\n", "    (void)owner;\n"),
    ("the second of a chain is not raised", "core/priority.c",
     "thread = thread->wants ? core_mutex_listed_owner(thread->wants) : NULL;", "thread = NULL;"),
    ("what is inherited is the last mutex's", "core/priority.c",
     "if (mutex->queue.first && mutex->queue.first->priority > most)", "if (mutex->queue.first)"),
    ("a thread that waits keeps its place when its priority changes", "core/priority.c",
     "            core_wait_unlink(queue, thread);\n"
     "            set_priority(core_percpu(thread->cpu), thread, priority);\n"
     "            core_wait_add(queue, thread);\n",
     "            set_priority(core_percpu(thread->cpu), thread, priority);\n"),
    ("a mutex that is handed over forgets who else waits", "core/mutex.c",
     "    if (is_listed)\n        core_mutex_list(mutex, next);", ""),
    ("a mutex's owner is not marked as waited for", "core/mutex.c",
     "next = owner ? word | MUTEX_LISTED :", "next = owner ? word :"),
    ("a wait that ends otherwise leaves its mutex marked", "core/mutex.c",
     "            core_mutex_unlist(mutex, owner);\n", ""),
    ("a thread whose time is out stays in the queue", "core/wait.c",
     "    if (does_wait)\n        core_wait_remove(queue, thread);\n    core_unlock",
     "    core_unlock"),
    ("the time of a wait that is over goes on", "core/wait.c",
     "    result = core_wait(queue, irq_state);\n    if (result != -ETIMEDOUT)\n"
     "        core_wait_stop_timer(self);\n", "    result = core_wait(queue, irq_state);\n"),
    ("equals in a wait queue go the other way round", "core/wait.c",
     "ring_insert_before(level->next_level, thread);",
     "ring_insert_before(level->next, thread);"),
    ("the heir of a level is not on it", "core/wait.c",
     "        next->previous_level = heir;\n        previous->next_level = heir;\n",
     "        next->previous_level = heir;\n"),
    ("the first of a queue is not noted", "core/wait.c",
     "    if (level == first)\n        queue->first = thread;\n", ""),
    ("the last of a ring leaves its bit", "core/include/core/schedule.h",
     "        *thread->ring_word &= ~thread->ring_bit;\n        return;\n", "        return;\n"),
    ("the first of a ring leaves it without an heir", "core/include/core/schedule.h",
     "    if (*thread->ring == thread)\n        *thread->ring = next;\n", ""),
    ("a wait leaves the ring's first as it was", "core/include/core/schedule.h",
     "    ring_remove(self);\n    *self->ring = next;\n", "    ring_remove(self);\n"),
    ("a threshold keeps out too many", "core/priority.c",
     "thread->rank = RANK_OF(thread->threshold) + 1;",
     "thread->rank = RANK_OF(thread->threshold) + 3;"),
    ("a threshold keeps out too few", "core/priority.c",
     "thread->rank = RANK_OF(thread->threshold) + 1;",
     "thread->rank = RANK_OF(thread->threshold);"),
    ("a second wake in a handler is forgotten", "core/schedule.c",
     "    if (__builtin_expect(percpu->reschedule != NULL, 0)) {\n        core_request_switch",
     "    if (0) {\n        core_request_switch"),
    ("releasing a spinlock lets nobody run", "core/spinlock.c",
     "    core_irq_restore(state);", "    arch_irq_restore(state);"),
    ("a suspended thread that is woken runs", "core/schedule.c",
     "    if (thread->special & SPECIAL_SUSPEND) {\n", "    if (0) {\n"),
    ("one that waits runs when it is resumed", "core/suspend.c",
     "    if (__atomic_load_n(&thread->state, __ATOMIC_RELAXED) != THREAD_SUSPENDED)\n"
     "        return;\n",
     ""),
    ("the count of a semaphore is 1 too many after a hand-over", "core/semaphore.c",
     "    __atomic_store_n(&semaphore->count, 0, __ATOMIC_RELEASE);",
     "    __atomic_store_n(&semaphore->count, 1, __ATOMIC_RELEASE);"),
    ("a post is lost when the last wait has timed out", "core/semaphore.c",
     "    else\n        __atomic_store_n(&semaphore->count, 1, __ATOMIC_RELEASE);\n", ""),
    ("a cancelled thread waits", "core/wait.c",
     "if ((self->special & SPECIAL_CANCEL) && core_may_cancel(self)",
     "if ((self->special & SPECIAL_CANCEL) && !core_may_cancel(self)"),
    ("who gives up joining keeps the right to", "core/thread_end.c",
     "    if (error)\n        give_up_joining(thread);\n", ""),
    ("a joiner is not woken", "core/thread_end.c",
     "    else if (joiner)\n        core_make_ready_anywhere(0, joiner);\n", ""),
    ("a yield turns the ring, whoever is the first", "core/schedule.c",
     "    run_queue_remove(self);\n    run_queue_add(self);\n    if (self->special",
     "    *self->ring = self->next;\n    if (self->special"),
    ("FP registers are not kept by a preemption", "core/schedule.c",
     "    leave(self, next, arch_irq_save());\n    arch_fp_restore(state);\n",
     "    leave(self, next, arch_irq_save());\n"),
]


def read(path):
    """A file's text."""
    with open(path, encoding="utf-8") as file:
        return file.read()


def compile_one(source, output, folder, options):
    """An object; what stands in `folder` comes before the tree's headers."""
    command = ["cc", "-std=gnu11", "-O1", f"-I{folder}/core/include", *options, "-c", source,
               "-o", output]
    subprocess.run(command, cwd=ROOT, check=True, stderr=subprocess.PIPE, text=True)


def compile_all(sources, folder, options):
    """The objects of these sources."""
    os.makedirs(folder, exist_ok=True)
    outputs = [os.path.join(folder, source.replace("/", "-") + ".o") for source in sources]
    for source, output in zip(sources, outputs):
        compile_one(source, output, folder, options)
    return dict(zip(sources, outputs))


def link_and_run(objects, program):
    """The exit status of the test, or that it hangs."""
    subprocess.run(["cc", *objects, "-o", program], cwd=ROOT, check=True)
    words = {name: value for name, value in os.environ.items() if name != "KILN_LONG_TESTS"}
    try:
        return subprocess.run([program], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env=words, timeout=LIMIT_SECONDS).returncode
    except subprocess.TimeoutExpired:
        return "a hang"


def plant(mutation, folder):
    """Writes the changed copy; returns its path and that of the original."""
    _, path, old, new = mutation
    text = read(os.path.join(ROOT, path))
    if text.count(old) != 1:
        raise ValueError(f"{path} has {text.count(old)} times: {old}")
    copy = os.path.join(folder, path)
    os.makedirs(os.path.dirname(copy), exist_ok=True)
    with open(copy, "w", encoding="utf-8") as file:
        file.write(text.replace(old, new))
    return copy


def is_caught(mutation, objects, folder, options):
    """Whether the test fails with the mistake."""
    copy = plant(mutation, folder)
    if mutation[1].endswith(".h"):
        objects = compile_all(list(objects), folder, options)
    else:
        changed = os.path.join(folder, "changed.o")
        compile_one(copy, changed, folder, options)
        objects = {**objects, mutation[1]: changed}
    return link_and_run(objects.values(), os.path.join(folder, "test")) != 0


def main(folder, words):
    """Says of each mistake whether it is caught."""
    options, sources = words[:words.index("--")], words[words.index("--") + 1:]
    chosen = MUTATIONS if IS_LONG else MUTATIONS[::3]
    objects = compile_all(sources, os.path.join(folder, "whole"), options)
    results = [("without a mistake it passes",
                link_and_run(objects.values(), os.path.join(folder, "whole", "test")) == 0)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        caught = pool.map(
            lambda n: is_caught(chosen[n], objects, os.path.join(folder, str(n)), options),
            range(len(chosen)))
        results += [(mutation[0], is_ok) for mutation, is_ok in zip(chosen, caught)]
    for number, (what, is_ok) in enumerate(results, 1):
        print(f"{'ok' if is_ok else 'not ok'} {number} - {what}")
    print(f"1..{len(results)}")
    return not all(is_ok for _, is_ok in results)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
