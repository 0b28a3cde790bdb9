/*
 * Words that one CPU writes and others look at, in no order: relaxed atomic accesses. The
 * compiler's own first work out the address, which costs an instruction each; a volatile access is
 * the same.
 */
#ifndef CORE_SHARED_H
#define CORE_SHARED_H

#ifdef __SANITIZE_THREAD__
#define CORE_SHARED_STORE(place, value) __atomic_store_n(&(place), value, __ATOMIC_RELAXED)
#define CORE_SHARED_LOAD(place)         __atomic_load_n(&(place), __ATOMIC_RELAXED)
#else
#define CORE_SHARED_STORE(place, value) ((void)(*(volatile __typeof__(place) *)&(place) = (value)))
#define CORE_SHARED_LOAD(place)         (*(const volatile __typeof__(place) *)&(place))
#endif

#endif
