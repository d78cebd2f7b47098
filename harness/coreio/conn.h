/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One connection to a VM: bytes of the socket <-> whole packets.
 *
 * Nothing here blocks. Input is read as much at a time as there is and cut
 * into packets; output goes to the socket at once and waits in a queue when
 * the socket is full, so that a packet is never lost or torn. While the queue
 * has no room for another reply, no further packet is taken from the input:
 * a VM that does not read its replies is not read from either, and memory
 * stays bounded. A zeroed struct is a closed connection. One thread at a time.
 */
#ifndef COREIO_CONN_H
#define COREIO_CONN_H

#include "framer.h"

/* Input: what one recv() may bring. Output: what waits for a VM that does not read. */
#define COREIO_IN_BYTES (64 * VMMIO_BLOCK)
#define COREIO_OUT_BYTES (1024 * VMMIO_BLOCK)

struct coreio_conn {
    bool open;
    int fd;              /* valid while open */
    int loss;            /* why it closed by itself: negative errno; 0 when it did not */
    unsigned generation; /* counts connections: tells a new one from the one before */
    struct vmmio_framer framer;
    size_t in_pos, in_end; /* bytes of `in` not yet cut into packets */
    size_t out_pos, out_end; /* bytes of `out` not yet sent */
    uint8_t in[COREIO_IN_BYTES];
    uint8_t out[COREIO_OUT_BYTES];
};

/* Take over the connected socket `fd`. The connection must be closed. */
void coreio_conn_open(struct coreio_conn *conn, int fd);

/* Close the socket and forget a loss and all bytes that wait. Harmless when closed. */
void coreio_conn_close(struct coreio_conn *conn);

/* 0 when open, the loss when it closed by itself, else -ENOTCONN. */
int coreio_conn_status(const struct coreio_conn *conn);

/* True when the socket should be read from, or waits to be written to. */
bool coreio_conn_wants_input(const struct coreio_conn *conn);
bool coreio_conn_wants_output(const struct coreio_conn *conn);

/* Packets that the output queue has room for. */
size_t coreio_conn_room(const struct coreio_conn *conn);

/*
 * Receive once, when wants_input says so; no data is no error. Returns 0, or
 * the loss; the connection is closed then. Packets received before are not
 * affected: call coreio_conn_next() until it returns false, then this.
 */
int coreio_conn_receive(struct coreio_conn *conn);

/*
 * Copy the first block of the next whole packet to `block` and return true;
 * false when there is none, or no room for a reply to it.
 */
bool coreio_conn_next(struct coreio_conn *conn, uint8_t block[VMMIO_BLOCK]);

/* Send a one-block packet. The queue must have room for it. Returns 0 or the loss. */
int coreio_conn_send(struct coreio_conn *conn, const uint8_t block[VMMIO_BLOCK]);

/* Send what waits, as far as the socket takes it. Returns 0 or the loss. */
int coreio_conn_flush(struct coreio_conn *conn);

#endif
