/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctx.h"

#include "dial.h"

#include <errno.h>
#include <string.h>

static void forget_session(struct coreio_ctx *ctx)
{
    memset(ctx->ranges, 0, sizeof(ctx->ranges));
    memset(ctx->irq_sent, COREIO_LEVEL_UNKNOWN, sizeof(ctx->irq_sent));
}

int coreio_ctx_connect(struct coreio_ctx *ctx, const char *target)
{
    struct coreio_target parsed;
    int err, fd;

    if (ctx->conn.open) {
        return -EISCONN;
    }
    err = coreio_target_parse(target, &parsed);
    if (err) {
        return err;
    }
    fd = coreio_dial(&parsed);
    if (fd < 0) {
        return fd;
    }
    forget_session(ctx);
    coreio_conn_open(&ctx->conn, fd);
    return 0;
}

void coreio_ctx_disconnect(struct coreio_ctx *ctx)
{
    coreio_conn_close(&ctx->conn);
    forget_session(ctx);
}

/* Send a packet that is not a reply. One place in the queue stays for the reply under way. */
static int originate(struct coreio_ctx *ctx, struct vmmio_packet *packet)
{
    uint8_t block[VMMIO_BLOCK];

    if (coreio_conn_room(&ctx->conn) < 2) {
        return -EAGAIN;
    }
    packet->from_client = true;
    vmmio_encode(packet, block);
    return coreio_conn_send(&ctx->conn, block);
}

int coreio_ctx_register(struct coreio_ctx *ctx, unsigned rid, const coreio_func_t *func,
                        void *priv)
{
    struct vmmio_packet claim = { .opcode = VMMIO_OP_RGN_CLAIM, .iface = (uint8_t)rid };
    int err = coreio_conn_status(&ctx->conn);

    if (rid >= COREIO_RANGES_MAX || !func) {
        return -EINVAL;
    }
    if (err) {
        return err;
    }
    if (ctx->ranges[rid].claimed) {
        return -EBUSY;
    }
    err = originate(ctx, &claim);
    if (err) {
        return err;
    }
    ctx->ranges[rid] = (struct coreio_range){ .claimed = true, .func = *func, .priv = priv };
    return 0;
}

int coreio_ctx_irq_update(struct coreio_ctx *ctx, unsigned rid, unsigned iid, unsigned state)
{
    struct vmmio_packet update = { .opcode = VMMIO_OP_IRQ_UPDATE, .iface = (uint8_t)rid };
    enum coreio_level level = state ? COREIO_LEVEL_HIGH : COREIO_LEVEL_LOW;
    int err = coreio_conn_status(&ctx->conn);

    if (rid >= COREIO_RANGES_MAX || iid >= COREIO_IRQS_MAX) {
        return -EINVAL;
    }
    if (err || ctx->irq_sent[rid][iid] == level) {
        return err;
    }
    update.addr = iid;
    update.data[0] = state != 0;
    err = originate(ctx, &update);
    if (!err) {
        ctx->irq_sent[rid][iid] = (uint8_t)level;
    }
    return err;
}
