/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vMMIO device: a window of guest-physical memory whose accesses are answered
 * by a program outside the VM, over the socket protocol of docs/protocol.md.
 *
 * QEMU interface
 *  + Property "start" (size, default 0xfef00000): guest-physical address of the
 *    range, a multiple of 4 KiB.
 *  + Property "size" (size, default 0x1000): bytes, a multiple of 4 KiB, not 0.
 *    The range may not overlap RAM or another vmmio range. It wins over other
 *    devices' regions that it overlaps, except the x86 local APIC's page; either
 *    is warned of, but for devices that QEMU does not model.
 *  + Property "irq" (string, default none): "80" or "177:178:...", up to 16
 *    numbers; the first 8 are the lines 0-7 that a client can name. SPIs of the
 *    GIC on Arm machines, GSIs on x86. A number may be given once in a VM.
 *    One that another device drives is an error on x86, a warning on Arm.
 *  + Property "listen" (string, default "127.0.0.1:4300"): HOST:PORT,
 *    [v6]:PORT or unix:PATH. Port 0 takes a free port. Devices with an equal
 *    string share one endpoint; their ranges are numbered in the order given.
 *  + Property "tls-creds" (string, default none): id of a tls-creds-x509, -psk
 *    or -anon object with endpoint=server; clients then speak TLS. "tls-authz"
 *    (string, default none): id of an authz object that a client's name must
 *    pass. The devices of one endpoint share both.
 *  + Property "dma-ranges" (string, default all RAM): "START-END[:START-END...]",
 *    inclusive guest-physical addresses that clients' DMA is limited to, or
 *    "none". The devices of one endpoint share it.
 *  + Property "max-connections" (uint32, 1-1024, default 16) of an endpoint, TLS
 *    handshakes under way included; the first device decides. One client more
 *    takes the place of the oldest handshake, or is refused if there is none.
 *  + Property "timeout-ms" (uint32, default 5000, 0 = none): how long an access
 *    may wait for its reply, in time that the VM runs.
 *  + Properties "on-timeout", "on-disconnect" (string, default "fill"): what then
 *    becomes of the access. "fill": every byte reads 0xaa, a write is dropped.
 *    "error": bus error. "wait": it goes on waiting, for its reply or for a
 *    handler that claims the range, which is then asked. on-disconnect is for
 *    accesses whose handler's connection closes, and for those made after that
 *    until the range is claimed again; before the first claim it is "fill".
 *  + Property "posted-writes" (bool, default off): writes do not wait for a reply,
 *    only for room while more than 128 KiB are on the way.
 *  + Property "poll-us" (uint32, 0-1000, default 50, 0 = never): a waiting vCPU looks for
 *    the reply again and again for this long before it sleeps. The default comes
 *    from the table in docs/performance.md.
 *  + Property "ping-ms" (uint32, default 5000, 0 = never): a connection that
 *    holds a range is sent a PING after this much silence. The first device of
 *    an endpoint decides.
 *  + Read-only property "endpoint" (string): the address really bound.
 *  + Read-only property "handler-connected" (bool): a claim is in effect.
 *  + Read-only property "claims" (uint64): claims accepted since start.
 *  + Read-only property "stats" (VmmioStats): see qapi/vmmio.json, as for the
 *    QMP events VMMIO_CLAIMED, VMMIO_RELEASED and VMMIO_TIMED_OUT.
 *  + Accesses by vCPUs are answered by the handler; the monitor, a debugger and
 *    other devices' DMA see the range as unclaimed.
 *  + Migration and snapshots keep the range but not its handler: it is unclaimed
 *    and its lines are low until a handler claims it in the new QEMU. An access
 *    that waits when the VM is saved is finished by on-disconnect first; one that
 *    `stop` interrupted before is made again.
 *  + sysbus MMIO region 0: the range, mapped by the device itself.
 *  + sysbus IRQ n: the n-th number of "irq", connected by the device itself.
 */
#ifndef HW_MISC_VMMIO_H
#define HW_MISC_VMMIO_H

#include "qemu/error-report.h"
#include "hw/sysbus.h"
#include "qom/object.h"
#include "vmmio-access.h"
#include "vmmio-endpoint.h"
#include "vmmio-stats.h"

#define TYPE_VMMIO "vmmio"
OBJECT_DECLARE_SIMPLE_TYPE(VmmioState, VMMIO)

/* System IRQ numbers that one range may be given. */
#define VMMIO_SYSTEM_IRQS_MAX 16

struct VmmioState {
    SysBusDevice parent_obj;

    /* properties */
    uint64_t start;
    uint64_t size;
    char *irq_list;
    char *listen;
    char *tls_creds;
    char *tls_authz;
    char *dma_ranges;
    uint32_t max_connections;
    uint32_t timeout_ms;
    char *on_timeout_text;
    char *on_disconnect_text;
    bool posted_writes;
    uint32_t poll_us;
    uint32_t ping_ms;

    VmmioPolicy on_timeout;
    VmmioPolicy on_disconnect;

    MemoryRegion mmio;
    VmmioRange range;
    VmmioEndpoint *endpoint;
    VmmioRangeStats stats; /* guarded by the BQL */

    /* Guarded by the BQL. irq_level[i] is the level last received for line i. */
    qemu_irq irq[VMMIO_SYSTEM_IRQS_MAX];
    uint32_t irq_number[VMMIO_SYSTEM_IRQS_MAX];
    bool irq_level[VMMIO_SYSTEM_IRQS_MAX];
    unsigned n_irqs;
    Location location; /* of its option, for what is found wrong when the machine is complete */
};

/* Call fn for every realized vmmio device, in no particular order. BQL held. */
void vmmio_foreach(void (*fn)(VmmioState *s, void *opaque), void *opaque);

#endif
