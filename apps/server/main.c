/*
 * A client and a server over channels: a bank that keeps accounts and needs no lock, as it alone
 * touches them. Clients are served in the order of their priorities, and the bank has the priority
 * of who waits for it, though its own is the lowest of all.
 * In QEMU `--icount` makes every run the same.
 */
#include <errno.h>
#include <kiln.h>
#include <stdio.h>
#include <stdlib.h>

#define ACCOUNTS      2
#define CLIENTS       3
#define BANK_PRIORITY 10
#define MAIN_PRIORITY 100

enum operation { DEPOSIT, WITHDRAW, CLOSE };

struct request {
    enum operation operation;
    unsigned account;
    int amount;
};

struct reply {
    int error; /* 0 or a negative errno */
    int balance;
};

struct client {
    const char *name;
    int priority;
    struct request request;
};

KILN_CHANNEL(bank);

static const struct client clients[CLIENTS] = {
    {"poor", 20, {WITHDRAW, 0, 500}},
    {"rich", 30, {DEPOSIT, 1, 700}},
    {"urgent", 90, {WITHDRAW, 1, 60}},
};
static const char *const operations[] = {"deposit", "withdraw", "close"};

static int priority(void)
{
    struct kiln_thread_info info;

    kiln_thread_get_info(kiln_thread_self(), &info);
    return info.priority;
}

static struct reply serve(int balances[ACCOUNTS], const struct request *request)
{
    int *balance = &balances[request->account % ACCOUNTS];
    int change = request->operation == DEPOSIT ? request->amount : -request->amount;

    if (*balance + change < 0)
        return (struct reply){.error = -ERANGE, .balance = *balance};
    *balance += change;
    return (struct reply){.balance = *balance};
}

/* The server: receives, does what it is asked, replies. */
static void *run_bank(void *unused)
{
    int balances[ACCOUNTS] = {100, 100};
    struct request request;
    size_t bytes;

    printf("The bank opens, at priority %d.\n", priority());
    while (kiln_channel_receive(&bank, &request, sizeof request, &bytes) == 0) {
        struct reply reply = serve(balances, &request);

        printf("The bank serves a %s, at priority %d.\n", operations[request.operation],
               priority());
        kiln_channel_reply(&bank, &reply, sizeof reply);
        if (request.operation == CLOSE)
            break;
    }
    printf("The bank closes, at priority %d.\n", priority());
    return unused;
}

/* A client: calls, and has the reply when that returns. */
static void *run_client(void *argument)
{
    const struct client *client = argument;
    struct reply reply;

    printf("%s (%d) asks: %s %d\n", client->name, client->priority,
           operations[client->request.operation], client->request.amount);
    if (kiln_channel_call(&bank, &client->request, sizeof client->request, &reply, sizeof reply,
                          NULL) == 0)
        printf("%s is told: %s, %d are left\n", client->name, reply.error ? "no" : "done",
               reply.balance);
    return NULL;
}

static struct kiln_thread *start(void *(*function)(void *), int at, const char *name,
                                 void *argument)
{
    struct kiln_thread *thread;

    if (kiln_thread_create(&thread, KILN_THREAD_ATTRIBUTES(.name = name, .priority = at, .cpus = 1),
                           function, argument)) {
        puts("No memory for a thread.");
        exit(1);
    }
    return thread;
}

int main(void)
{
    const struct request close = {.operation = CLOSE};
    struct kiln_thread *server, *threads[CLIENTS];
    struct reply reply;

    kiln_thread_set_priority(kiln_thread_self(), MAIN_PRIORITY); /* all start at once */
    server = start(run_bank, BANK_PRIORITY, "bank", NULL);
    for (unsigned i = 0; i < CLIENTS; i++)
        threads[i] = start(run_client, clients[i].priority, clients[i].name, (void *)&clients[i]);
    for (unsigned i = 0; i < CLIENTS; i++)
        kiln_thread_join(threads[i], NULL);
    kiln_channel_call(&bank, &close, sizeof close, &reply, sizeof reply, NULL);
    kiln_thread_join(server, NULL);
    return 0;
}
