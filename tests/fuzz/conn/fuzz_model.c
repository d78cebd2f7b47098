/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "fuzz_model.h"

/* The client owes no reply of this tag any more. */
static void settle(struct fuzz_model *model, uint32_t tag)
{
    for (unsigned i = 0; i < model->n_owed; i++) {
        if (model->owed[i] == tag) {
            model->owed[i] = model->owed[--model->n_owed];
            return;
        }
    }
}

/* The access that a reply of this tag answers, if it is still wanted. */
static struct fuzz_access *asker(struct fuzz_model *model, uint32_t tag)
{
    for (unsigned i = 0; i < FUZZ_VCPUS; i++) {
        struct fuzz_access *access = &model->accesses[i];

        if (access->started && !access->answered && access->request->tag == tag) {
            return access;
        }
    }
    return NULL;
}

static void take_received(struct fuzz_model *model)
{
    for (; model->n_received < model->conn->stats.packets_received; model->n_received++) {
        struct fuzz_access *access;
        uint32_t tag;

        if (fuzz_peer_sent_reply(model->peer, model->n_received, &tag)) {
            access = asker(model, tag);
            settle(model, tag);
            if (access) {
                access->answered = true;
                access->reply = fuzz_peer_sent(model->peer, model->n_received);
            }
        }
    }
}

static void take_started(struct fuzz_model *model)
{
    for (unsigned i = 0; i < FUZZ_VCPUS; i++) {
        struct fuzz_access *access = &model->accesses[i];

        if (access->request && access->request->sent && !access->started) {
            access->started = true;
            g_assert_cmpuint(model->n_owed, <, VMMIO_OWED_MAX);
            model->owed[model->n_owed++] = access->request->tag;
            model->n_requests++;
        }
    }
}

static void compare(const struct fuzz_model *model)
{
    g_assert_cmpuint(model->conn->n_owed, ==, model->n_owed);
    for (unsigned i = 0; i < FUZZ_VCPUS; i++) {
        const struct fuzz_access *access = &model->accesses[i];

        if (access->request) {
            g_assert_cmpint(access->request->answered, ==, access->answered);
            g_assert_true(!access->answered ||
                          memcmp(access->request->block, access->reply, VMMIO_BLOCK) == 0);
        }
    }
}

void fuzz_model_look(struct fuzz_model *model)
{
    take_received(model);
    take_started(model);
    compare(model);
    g_assert_cmpuint(model->conn->n_attended, <=, FUZZ_VCPUS);
}
