/* An object that is shared: everyone who has a pointer to it is one of its owners, and the last one
 * to let go of it frees it. The count of owners has to be right for that. */
#ifndef SHARED_H
#define SHARED_H

struct shared {
    unsigned owners;
    char *text;
};

/* A new object with a copy of the text. The caller owns it. */
struct shared *shared_new(const char *text);

/* Its caller owns it no more. NULL is let pass. */
void shared_release(struct shared *object);

/* Frees the object and what belongs to it. */
void shared_destroy(struct shared *object);

/* Makes a pointer that owned one object, or is NULL, own another: in three ways, of which two are
 * wrong. */
typedef void (*assign_t)(struct shared **pointer, struct shared *object);
void assign_leak(struct shared **pointer, struct shared *object);
void assign_early(struct shared **pointer, struct shared *object);
void assign_right(struct shared **pointer, struct shared *object);

#endif
