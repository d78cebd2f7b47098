/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What has to become of each request: worked out from what the peer has sent,
 * the order in which the device sent its requests, and how many packets it has
 * received. Compared with what the device made of it at each look. One thread;
 * a difference ends the process with a message.
 */
#ifndef FUZZ_MODEL_H
#define FUZZ_MODEL_H

#include "fuzz_peer.h"
#include "vmmio-conn.h"

#define FUZZ_VCPUS 20 /* more than VMMIO_OWED_MAX, so that some have to wait to be sent */

/* A vCPU's access. */
struct fuzz_access {
    VmmioRequest *request; /* NULL: none under way */
    bool waiting;          /* its thread is inside vmmio_request_wait(); for the VM only */
    bool started;          /* the device has numbered and sent it */
    bool answered;
    const uint8_t *reply;  /* then: the block that the peer sent */
};

struct fuzz_model {
    const VmmioConn *conn;
    const struct fuzz_peer *peer;
    struct fuzz_access accesses[FUZZ_VCPUS];
    size_t n_received;             /* packets of the peer, up to the last look */
    uint32_t owed[VMMIO_OWED_MAX]; /* tags of the requests without a reply */
    unsigned n_owed;
    unsigned n_requests;           /* that the device has sent */
};

/*
 * Take in what happened since the last look, and compare. To be called before
 * the device reads from its socket, so that a request which it had sent by then
 * is known before a reply to it counts; and when it has come to rest.
 */
void fuzz_model_look(struct fuzz_model *model);

#endif
