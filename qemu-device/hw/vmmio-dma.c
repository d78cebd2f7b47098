/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "qemu/error-report.h"
#include "qemu/rcu.h"
#include "qapi/error.h"
#include "exec/address-spaces.h"
#include "exec/memory.h"
#include "system/runstate.h"
#include "vmmio-dma.h"
#include "trace.h"

#define DATA_WORD 3

#define WARNING_PAUSE_US (60 * G_USEC_PER_SEC)

/* QEMU itself then refuses whatever became a device since we looked. */
static const MemTxAttrs memory_only = { .memory = 1 };

/* An address in decimal or 0x-hexadecimal. *at moves behind it. */
static bool parse_address(const char **at, uint64_t *value)
{
    bool hex = g_str_has_prefix(*at, "0x");

    /* strtoull() would take blanks and a sign. */
    return g_ascii_isdigit(**at) && qemu_strtou64(*at, at, hex ? 16 : 10, value) == 0;
}

static bool parse_range(const char *text, uint64_t *first, uint64_t *last)
{
    if (!parse_address(&text, first) || *text != '-') {
        return false;
    }
    text++;
    return parse_address(&text, last) && *text == '\0' && *first <= *last;
}

static bool parse_list(const char *text, VmmioDmaRanges *ranges, Error **errp)
{
    g_auto(GStrv) items = g_strsplit(text, ":", -1);

    if (g_strv_length(items) > VMMIO_DMA_RANGES_MAX) {
        error_setg(errp, "vmmio: dma-ranges=%s has more than %u ranges", text,
                   VMMIO_DMA_RANGES_MAX);
        return false;
    }
    for (unsigned i = 0; items[i]; i++) {
        if (!parse_range(items[i], &ranges->range[i].first, &ranges->range[i].last)) {
            error_setg(errp, "vmmio: dma-ranges=%s: \"%s\" is no range; write START-END, both "
                       "included, as in 0x40000000-0x40ffffff, or none", text, items[i]);
            return false;
        }
        ranges->n++;
    }
    return true;
}

bool vmmio_dma_ranges_parse(const char *text, VmmioDmaRanges *ranges, Error **errp)
{
    *ranges = (VmmioDmaRanges){ 0 };
    if (!text || !*text) {
        ranges->n = 1;
        ranges->range[0].last = UINT64_MAX;
        return true;
    }
    return !strcmp(text, "none") || parse_list(text, ranges, errp);
}

static bool is_allowed(const VmmioDmaRanges *allowed, uint64_t first, uint64_t last)
{
    for (unsigned i = 0; i < allowed->n; i++) {
        if (first >= allowed->range[i].first && last <= allowed->range[i].last) {
            return true;
        }
    }
    return false;
}

/* All of it, so that a request that runs out of RAM changes nothing. RCU read lock held. */
static bool is_all_ram(uint64_t addr, unsigned size, bool write)
{
    while (size > 0) {
        hwaddr offset, len = size;
        MemoryRegion *mr = address_space_translate(&address_space_memory, addr, &offset, &len,
                                                   write, memory_only);

        if (!memory_region_is_ram(mr) || memory_region_is_rom(mr) ||
            memory_region_is_ram_device(mr)) {
            return false;
        }
        addr += len;
        size -= len;
    }
    return true;
}

/* Without IOMMUs there is nothing that another mid or sid could mean. */
static void warn_of_region(const char *peer, const struct vmmio_packet *p)
{
    static int64_t not_before;
    int64_t due = qatomic_read(&not_before);
    int64_t now = g_get_monotonic_time();

    if (now < due || qatomic_cmpxchg(&not_before, due, now + WARNING_PAUSE_US) != due) {
        return;
    }
    warn_report("vmmio: DMA request of client %s with mid %u, sid %u refused: "
                "only mid 0, sid 0 is there", peer, p->iface, p->sid);
}

static bool is_whole(const struct vmmio_packet *p)
{
    uint32_t all = vmmio_byte_enable_mask(p->size);

    return p->opcode == VMMIO_OP_READ || p->byte_enable == 0 || (p->byte_enable & all) == all;
}

static bool is_well_formed(const char *peer, const struct vmmio_packet *p)
{
    if (p->iface != 0 || p->sid != 0) {
        warn_of_region(peer, p);
        return false;
    }
    return p->size > 0 && p->size <= VMMIO_DATA_BYTES_MAX &&
           p->addr <= UINT64_MAX - (p->size - 1) && is_whole(p);
}

/* Transfers under way, in all link threads and vCPUs. */
static unsigned n_transfers;

/* The memory of a VM that is being saved or loaded, or was saved, is not the guest's any more. */
static bool memory_is_frozen(void)
{
    switch (runstate_get()) {
    case RUN_STATE_FINISH_MIGRATE:
    case RUN_STATE_POSTMIGRATE:
    case RUN_STATE_SAVE_VM:
    case RUN_STATE_INMIGRATE:
    case RUN_STATE_RESTORE_VM:
        return true;
    default:
        return false;
    }
}

/* Those that have not seen the new state are done when the memory is read for the last time. */
static void finish_transfers(void *opaque, bool running, RunState state)
{
    while (memory_is_frozen() && qatomic_read(&n_transfers) > 0) {
        cpu_relax();
    }
}

void vmmio_dma_init(void)
{
    static bool done;

    if (!done) {
        qemu_add_vm_change_state_handler(finish_transfers, NULL);
        done = true;
    }
}

/* RCU read lock held. */
static bool transfer_now(const struct vmmio_packet *p, uint8_t *data)
{
    bool write = p->opcode == VMMIO_OP_WRITEA;

    return is_all_ram(p->addr, p->size, write) &&
           address_space_rw(&address_space_memory, p->addr, memory_only, data, p->size,
                            write) == MEMTX_OK;
}

/* The barrier is for both: the run state is read after the count, and transfers stay in order. */
static bool transfer(const struct vmmio_packet *p, uint8_t *data)
{
    bool ok;

    qatomic_inc(&n_transfers);
    smp_mb__after_rmw();
    ok = !memory_is_frozen() && transfer_now(p, data);
    qatomic_dec(&n_transfers);
    return ok;
}

bool vmmio_dma_serve(const VmmioDmaRanges *allowed, const char *peer,
                     const struct vmmio_packet *p, uint8_t block[VMMIO_BLOCK])
{
    bool ok = is_well_formed(peer, p) && is_allowed(allowed, p->addr, p->addr + p->size - 1) &&
              transfer(p, block + DATA_WORD * 8);

    vmmio_block_make_reply(block, !ok);
    trace_vmmio_dma(peer, vmmio_opcode_name(p->opcode), p->addr, p->size, ok);
    return ok;
}
