/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One connection to a VM: bytes of the socket <-> whole packets.
 *
 * Input is read as much at a time as there is and cut into packets; output waits
 * in a queue until it is flushed, and stays there as long as the socket is full,
 * so that a packet is never lost or torn. While the queue has no room for another
 * reply, no further packet is taken from the input: a VM that does not read its
 * replies is not read from either, and memory stays bounded. A zeroed struct is a
 * closed connection. One thread at a time.
 */
#ifndef COREIO_CONN_H
#define COREIO_CONN_H

#include "framer.h"
#include "watch.h"

/* Input: what one recv() may bring. Output: what waits for a VM that does not read. */
#define COREIO_IN_BYTES (256 * VMMIO_BLOCK)
#define COREIO_OUT_BYTES (1024 * VMMIO_BLOCK)

struct coreio_conn {
    bool open;           /* there is a socket */
    bool connecting;     /* and it is not connected yet: output waits */
    int fd;              /* valid while open */
    int loss;            /* why it closed by itself: negative errno; 0 when it did not */
    unsigned generation; /* counts connections: tells a new one from the one before */
    struct coreio_watched watched; /* the socket, by the descriptor for a foreign event loop */
    struct vmmio_framer framer;
    size_t in_pos, in_end; /* bytes of `in` not yet cut into packets */
    size_t out_pos, out_end; /* bytes of `out` not yet sent */
    uint8_t in[COREIO_IN_BYTES];
    uint8_t out[COREIO_OUT_BYTES];
};

/* Take over the socket `fd`, connected or still connecting. The connection must be closed. */
void coreio_conn_open(struct coreio_conn *conn, int fd, bool connecting);

/*
 * When the socket of a connecting connection became writable: 0, it is connected, and what waits
 * can be flushed; or the loss, why it cannot be.
 */
int coreio_conn_finish(struct coreio_conn *conn);

/* Close the socket and forget a loss and all bytes that wait. Harmless when closed. */
void coreio_conn_close(struct coreio_conn *conn);

/* 0 when open, the loss when it closed by itself, else -ENOTCONN. */
int coreio_conn_status(const struct coreio_conn *conn);

/* poll() events that the connection waits for; 0 when closed. */
short coreio_conn_wants(const struct coreio_conn *conn);

/* True when bytes are received that coreio_conn_next() may make a packet of. */
bool coreio_conn_has_input(const struct coreio_conn *conn);

/* True when something waits to be sent. */
bool coreio_conn_has_output(const struct coreio_conn *conn);

/* Packets that the output queue has room for. */
size_t coreio_conn_room(const struct coreio_conn *conn);

/*
 * Receive once, when nothing received is left; no data is no error. `wait`: sleep until
 * there is some, or a signal came. Returns 0, or the loss; the connection is closed then,
 * and packets received before are not affected.
 */
int coreio_conn_receive(struct coreio_conn *conn, bool wait);

/*
 * The first block of the next whole packet, VMMIO_BLOCK bytes that the caller may change,
 * valid until the next receive. NULL: there is none, or no room for a reply to it.
 */
uint8_t *coreio_conn_next(struct coreio_conn *conn);

/*
 * Room for one block, VMMIO_BLOCK bytes to fill in, as the last of the output queue, which
 * must have room for it. It goes out with the next flush.
 */
uint8_t *coreio_conn_append(struct coreio_conn *conn);

/* Append a one-block packet and flush. Returns 0 or the loss. */
int coreio_conn_send(struct coreio_conn *conn, const uint8_t block[VMMIO_BLOCK]);

/* Send what waits, as far as the socket takes it. Returns 0 or the loss. */
int coreio_conn_flush(struct coreio_conn *conn);

#endif
