/* SPDX-License-Identifier: BSD-2-Clause */
#include "conn.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void coreio_conn_open(struct coreio_conn *conn, int fd)
{
    conn->open = true;
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

bool coreio_conn_wants_input(const struct coreio_conn *conn)
{
    return conn->open && conn->in_pos == conn->in_end;
}

bool coreio_conn_wants_output(const struct coreio_conn *conn)
{
    return conn->open && conn->out_pos < conn->out_end;
}

size_t coreio_conn_room(const struct coreio_conn *conn)
{
    return (COREIO_OUT_BYTES - (conn->out_end - conn->out_pos)) / VMMIO_BLOCK;
}

static bool would_block(int err)
{
    return err == EAGAIN || err == EWOULDBLOCK;
}

int coreio_conn_receive(struct coreio_conn *conn)
{
    ssize_t n;

    do {
        n = recv(conn->fd, conn->in, sizeof(conn->in), MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        return would_block(errno) ? 0 : lose(conn, errno);
    }
    if (n == 0) {
        return lose(conn, ECONNRESET);
    }
    conn->in_pos = 0;
    conn->in_end = (size_t)n;
    return 0;
}

bool coreio_conn_next(struct coreio_conn *conn, uint8_t block[VMMIO_BLOCK])
{
    bool complete = false;

    if (coreio_conn_room(conn) == 0) {
        return false;
    }
    while (!complete && conn->in_pos < conn->in_end) {
        conn->in_pos += vmmio_framer_push(&conn->framer, conn->in + conn->in_pos,
                                          conn->in_end - conn->in_pos, &complete);
    }
    if (complete) {
        memcpy(block, conn->framer.block, VMMIO_BLOCK);
    }
    return complete;
}

int coreio_conn_flush(struct coreio_conn *conn)
{
    while (coreio_conn_wants_output(conn)) {
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

static void enqueue(struct coreio_conn *conn, const uint8_t block[VMMIO_BLOCK])
{
    size_t waiting = conn->out_end - conn->out_pos;

    if (conn->out_pos > 0 && (waiting == 0 || conn->out_end + VMMIO_BLOCK > COREIO_OUT_BYTES)) {
        memmove(conn->out, conn->out + conn->out_pos, waiting);
        conn->out_pos = 0;
        conn->out_end = waiting;
    }
    memcpy(conn->out + conn->out_end, block, VMMIO_BLOCK);
    conn->out_end += VMMIO_BLOCK;
}

int coreio_conn_send(struct coreio_conn *conn, const uint8_t block[VMMIO_BLOCK])
{
    bool socket_full = coreio_conn_wants_output(conn);

    enqueue(conn, block);
    /* Behind bytes that the socket refused there is no use in trying: it will report room. */
    return socket_full ? 0 : coreio_conn_flush(conn);
}
