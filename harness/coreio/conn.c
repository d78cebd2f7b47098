/* SPDX-License-Identifier: BSD-2-Clause */
#include "conn.h"

#include "dial.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void coreio_conn_open(struct coreio_conn *conn, int fd, bool connecting)
{
    conn->open = true;
    conn->connecting = connecting;
    conn->fd = fd;
    conn->loss = 0;
    conn->generation++;
    vmmio_framer_init(&conn->framer);
    conn->in_pos = conn->in_end = 0;
    conn->out_pos = conn->out_end = 0;
}

void coreio_conn_close(struct coreio_conn *conn)
{
    if (conn->open) {
        coreio_watch_remove(&conn->watched, conn->fd);
        close(conn->fd);
    }
    conn->open = false;
    conn->loss = 0;
    conn->in_pos = conn->in_end = 0;
    conn->out_pos = conn->out_end = 0;
}

int coreio_conn_status(const struct coreio_conn *conn)
{
    if (conn->open) {
        return 0;
    }
    return conn->loss ? conn->loss : -ENOTCONN;
}

/* To the caller, a VM that closed is one event, whether recv() or send() notices it. */
static int lose(struct coreio_conn *conn, int err)
{
    coreio_conn_close(conn);
    conn->loss = err == EPIPE ? -ECONNRESET : -err;
    return conn->loss;
}

int coreio_conn_finish(struct coreio_conn *conn)
{
    int err = coreio_dial_finish(conn->fd);

    if (err) {
        return lose(conn, -err);
    }
    conn->connecting = false;
    return 0;
}

bool coreio_conn_has_input(const struct coreio_conn *conn)
{
    return conn->in_pos < conn->in_end;
}

bool coreio_conn_has_output(const struct coreio_conn *conn)
{
    return conn->out_pos < conn->out_end;
}

short coreio_conn_wants(const struct coreio_conn *conn)
{
    if (!conn->open) {
        return 0;
    }
    if (conn->connecting) {
        return POLLOUT;
    }
    return (short)((coreio_conn_has_input(conn) ? 0 : POLLIN) |
                   (coreio_conn_has_output(conn) ? POLLOUT : 0));
}

size_t coreio_conn_room(const struct coreio_conn *conn)
{
    return (COREIO_OUT_BYTES - (conn->out_end - conn->out_pos)) / VMMIO_BLOCK;
}

static bool would_block(int err)
{
    return err == EAGAIN || err == EWOULDBLOCK;
}

int coreio_conn_receive(struct coreio_conn *conn, bool wait)
{
    ssize_t n = recv(conn->fd, conn->in, sizeof(conn->in), wait ? 0 : MSG_DONTWAIT);

    if (n < 0) {
        return would_block(errno) || errno == EINTR ? 0 : lose(conn, errno);
    }
    if (n == 0) {
        return lose(conn, ECONNRESET);
    }
    conn->in_pos = 0;
    conn->in_end = (size_t)n;
    return 0;
}

/* A whole packet of one block, where it was received: by far the most frequent case. */
static uint8_t *next_in_place(struct coreio_conn *conn)
{
    uint8_t *block = conn->in + conn->in_pos;

    if (conn->in_end - conn->in_pos < VMMIO_BLOCK || block[1] != 0 ||
        !vmmio_framer_at_boundary(&conn->framer)) {
        return NULL;
    }
    conn->in_pos += VMMIO_BLOCK;
    return block;
}

uint8_t *coreio_conn_next(struct coreio_conn *conn)
{
    bool complete = false;
    uint8_t *block;

    if (coreio_conn_room(conn) == 0) {
        return NULL;
    }
    block = next_in_place(conn);
    if (block) {
        return block;
    }
    while (!complete && coreio_conn_has_input(conn)) {
        conn->in_pos += vmmio_framer_push(&conn->framer, conn->in + conn->in_pos,
                                          conn->in_end - conn->in_pos, &complete);
    }
    return complete ? conn->framer.block : NULL;
}

int coreio_conn_flush(struct coreio_conn *conn)
{
    while (coreio_conn_has_output(conn) && !conn->connecting) {
        ssize_t n = send(conn->fd, conn->out + conn->out_pos, conn->out_end - conn->out_pos,
                         MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n >= 0) {
            conn->out_pos += (size_t)n;
        } else if (would_block(errno)) {
            return 0;
        } else if (errno != EINTR) {
            return lose(conn, errno);
        }
    }
    return 0;
}

uint8_t *coreio_conn_append(struct coreio_conn *conn)
{
    size_t waiting = conn->out_end - conn->out_pos;

    if (conn->out_pos > 0 && (waiting == 0 || conn->out_end + VMMIO_BLOCK > COREIO_OUT_BYTES)) {
        memmove(conn->out, conn->out + conn->out_pos, waiting);
        conn->out_pos = 0;
        conn->out_end = waiting;
    }
    conn->out_end += VMMIO_BLOCK;
    return conn->out + conn->out_end - VMMIO_BLOCK;
}

int coreio_conn_send(struct coreio_conn *conn, const uint8_t block[VMMIO_BLOCK])
{
    bool socket_full = coreio_conn_has_output(conn);

    memcpy(coreio_conn_append(conn), block, VMMIO_BLOCK);
    /* Behind bytes that the socket refused there is no use in trying: it will report room. */
    return socket_full ? 0 : coreio_conn_flush(conn);
}
