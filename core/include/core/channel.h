/* Channels inside. */
#ifndef CORE_CHANNEL_H
#define CORE_CHANNEL_H

struct kiln_thread;

/* The thread, which is a server (kiln_thread.serves), ends: its channels have none any more. Set
 * when the first thread becomes a server, so that only programs with channels contain it. */
extern void (*core_channels_leave)(struct kiln_thread *server);

#endif
