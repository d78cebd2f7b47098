/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Four processes, each on a CPU of its own, use one range at the same time. In every round each
 *  + takes a ticket: all that were handed out must have arrived, each once and in order;
 *  + writes a place of its own, in all widths, and must read back what it wrote;
 *  + writes two halves that belong together to a place of all, where every reader must find
 *    two halves that belong together.
 * At last the device must have counted every write.
 */
#include "registers.h"
#include "tests.h"
#include "window.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CPUS = 4, WIDTHS = 4, OWN_SIZE = 64, SHARED = REG_MEMORY + CPUS * OWN_SIZE };

typedef struct {
    Window window;
    int cpu;
    uint64_t rounds;
    uint64_t first_ticket;
    uint8_t *seen; /* of all processes: ticket first_ticket + i has arrived */
} Worker;

static int take_ticket(const Worker *worker, uint64_t *last)
{
    uint64_t ticket = window_read(worker->window, REG_TICKET);
    uint64_t place = ticket - worker->first_ticket;

    if (place >= CPUS * worker->rounds || (*last != 0 && ticket <= *last)) {
        return fail("CPU %d: ticket %" PRIu64 " after %" PRIu64, worker->cpu, ticket, *last);
    }
    if (__atomic_exchange_n(&worker->seen[place], 1, __ATOMIC_SEQ_CST) != 0) {
        return fail("CPU %d: ticket %" PRIu64 " came twice", worker->cpu, ticket);
    }
    *last = ticket;
    return 0;
}

/* One access of exactly that width each. */
static void write_width(volatile uint8_t *at, int width, uint64_t value)
{
    switch (width) {
    case 1:
        *at = (uint8_t)value;
        break;
    case 2:
        *(volatile uint16_t *)at = (uint16_t)value;
        break;
    case 4:
        *(volatile uint32_t *)at = (uint32_t)value;
        break;
    default:
        *(volatile uint64_t *)at = value;
        break;
    }
}

static uint64_t read_width(const volatile uint8_t *at, int width)
{
    switch (width) {
    case 1:
        return *at;
    case 2:
        return *(const volatile uint16_t *)at;
    case 4:
        return *(const volatile uint32_t *)at;
    default:
        return *(const volatile uint64_t *)at;
    }
}

static int use_own_place(const Worker *worker, uint64_t round)
{
    volatile uint8_t *own = worker->window + REG_MEMORY + worker->cpu * OWN_SIZE;
    uint64_t value = (round + 1) * UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)worker->cpu;

    for (int width = 1; width <= 8; width *= 2) {
        uint64_t expected = value >> (64 - 8 * width);
        volatile uint8_t *place = own + 8 * width % OWN_SIZE;

        write_width(place, width, expected);
        if (read_width(place, width) != expected) {
            return fail("CPU %d, round %" PRIu64 ": %d bytes are not what was written",
                        worker->cpu, round, width);
        }
    }
    return 0;
}

static int use_shared_place(const Worker *worker, uint64_t round)
{
    uint32_t half = (uint32_t)(round * CPUS) + (uint32_t)worker->cpu;
    uint64_t got;

    window_write(worker->window, SHARED, (uint64_t)~half << 32 | half);
    got = window_read(worker->window, SHARED);
    if ((uint32_t)(got >> 32) != ~(uint32_t)got) {
        return fail("CPU %d: the halves of 0x%016" PRIx64 " are of two writes", worker->cpu, got);
    }
    return 0;
}

static int work(const Worker *worker)
{
    cpu_set_t cpus;
    uint64_t last = 0;

    CPU_ZERO(&cpus);
    CPU_SET(worker->cpu, &cpus);
    if (sched_setaffinity(0, sizeof(cpus), &cpus) < 0) {
        return fail("cannot run on CPU %d: %s", worker->cpu, strerror(errno));
    }
    for (uint64_t round = 0; round < worker->rounds; round++) {
        if (take_ticket(worker, &last) < 0 || use_own_place(worker, round) < 0 ||
            use_shared_place(worker, round) < 0) {
            return -1;
        }
    }
    return 0;
}

static int start_workers(Worker worker, pid_t pids[CPUS])
{
    for (worker.cpu = 0; worker.cpu < CPUS; worker.cpu++) {
        pids[worker.cpu] = fork();
        if (pids[worker.cpu] < 0) {
            return fail("fork: %s", strerror(errno));
        }
        if (pids[worker.cpu] == 0) {
            exit(work(&worker) == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
        }
    }
    return 0;
}

static int wait_for_workers(void)
{
    int result = 0;
    int status;

    while (wait(&status) > 0) {
        if (!WIFEXITED(status) || WEXITSTATUS(status) != EXIT_SUCCESS) {
            result = -1;
        }
    }
    return result;
}

static int check_totals(const Worker *worker, uint64_t writes_before)
{
    uint64_t writes = window_read(worker->window, REG_WRITES) - writes_before;
    uint64_t expected = CPUS * worker->rounds * (WIDTHS + 1);

    if (memchr(worker->seen, 0, CPUS * worker->rounds) != NULL) {
        return fail("a ticket is lost");
    }
    return writes == expected ? 0
                              : fail("the device got %" PRIu64 " writes of %" PRIu64, writes,
                                     expected);
}

int test_hammer(uint64_t rounds)
{
    Worker worker = {.window = window_map("/dev/mem", WINDOW_ADDRESS), .rounds = rounds};
    pid_t pids[CPUS];
    uint64_t writes_before;

    worker.seen = mmap(NULL, CPUS * rounds, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                       0);
    if (worker.window == NULL || worker.seen == MAP_FAILED) {
        return -1;
    }
    writes_before = window_read(worker.window, REG_WRITES);
    worker.first_ticket = window_read(worker.window, REG_TICKET) + 1;
    if (start_workers(worker, pids) < 0 || wait_for_workers() < 0 ||
        check_totals(&worker, writes_before) < 0) {
        return -1;
    }
    printf("%d CPUs, %" PRIu64 " rounds\n", CPUS, rounds);
    return 0;
}
