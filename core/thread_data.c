/* Pointers that each thread keeps under keys. */
#include <arch/irq.h>
#include <core/lock.h>
#include <core/schedule.h>
#include <core/thread_end.h>
#include <errno.h>

#define DESTRUCTOR_ROUNDS 4 /* a destructor may set data again */

/* The lock; destructors are read without. */
enum { UNUSED, USED, LEAVING }; /* LEAVING: it is taken away from each thread */
static struct {
    uint8_t state;
    void (*destructor)(void *data);
} keys[KILN_THREAD_DATA];
static struct kiln_spinlock keys_lock = KILN_SPINLOCK_INIT;

static void nothing(void *data)
{
    (void)data;
}

int kiln_thread_key_create(unsigned *key, void (*destructor)(void *data))
{
    uintptr_t state = kiln_spin_lock(&keys_lock);
    unsigned found = 0;

    while (found < KILN_THREAD_DATA && keys[found].state != UNUSED)
        found++;
    if (found < KILN_THREAD_DATA) {
        keys[found].state = USED;
        keys[found].destructor = destructor ? destructor : nothing;
    }
    kiln_spin_unlock(&keys_lock, state);
    if (found == KILN_THREAD_DATA)
        return -EAGAIN;
    *key = found;
    return 0;
}

int kiln_thread_key_delete(unsigned key)
{
    uintptr_t state;
    bool was_used;

    if (key >= KILN_THREAD_DATA)
        return -EINVAL;
    state = kiln_spin_lock(&keys_lock);
    was_used = keys[key].state == USED;
    if (was_used)
        keys[key].state = LEAVING;
    kiln_spin_unlock(&keys_lock, state);
    if (!was_used)
        return -EINVAL;
    core_registry_forget_data(key);
    __atomic_store_n(&keys[key].state, UNUSED, __ATOMIC_RELEASE);
    return 0;
}

int kiln_thread_set_data(unsigned key, void *data)
{
    if (key >= KILN_THREAD_DATA || keys[key].state != USED)
        return -EINVAL;
    arch_thread_self()->data[key] = data;
    arch_thread_self()->has_data = true;
    return 0;
}

void *kiln_thread_data(unsigned key)
{
    return key < KILN_THREAD_DATA ? arch_thread_self()->data[key] : NULL;
}

static bool destroy_all(struct kiln_thread *self)
{
    bool found = false;

    for (unsigned key = 0; key < KILN_THREAD_DATA; key++) {
        void *data = self->data[key];

        if (!data || keys[key].state != USED)
            continue;
        self->data[key] = NULL;
        keys[key].destructor(data);
        found = true;
    }
    return found;
}

void core_thread_data_destroy(struct kiln_thread *self)
{
    for (unsigned round = 0; round < DESTRUCTOR_ROUNDS; round++)
        if (!destroy_all(self))
            return;
}
