/* The whole public API. */
#ifndef KILN_H
#define KILN_H

#include <kiln/api.h>
#include <kiln/arena.h>
#include <kiln/cache.h>
#include <kiln/clock.h>
#include <kiln/config.h>
#include <kiln/console.h>
#include <kiln/cpu.h>
#include <kiln/dma.h>
#include <kiln/fault.h>
#include <kiln/files.h>
#include <kiln/heap.h>
#include <kiln/heap_profile.h>
#include <kiln/idle.h>
#include <kiln/irq.h>
#include <kiln/leak.h>
#include <kiln/log.h>
#include <kiln/memory.h>
#include <kiln/mutex.h>
#include <kiln/page.h>
#include <kiln/panic.h>
#include <kiln/pci.h>
#include <kiln/policy.h>
#include <kiln/percpu.h>
#include <kiln/pool.h>
#include <kiln/program.h>
#include <kiln/region.h>
#include <kiln/semaphore.h>
#include <kiln/spinlock.h>
#include <kiln/stack.h>
#include <kiln/stopwatch.h>
#include <kiln/system.h>
#include <kiln/thread.h>
#include <kiln/time.h>
#include <kiln/timer.h>
#include <kiln/trace.h>
#include <kiln/vm.h>
#include <kiln/wait.h>
#include <kiln/work.h>

#endif
