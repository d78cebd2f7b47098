/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "session.h"

#include <string.h>
#include <time.h>

struct session session;

static void record(const char *what, uint64_t addr, size_t len, unsigned flags, const void *buf,
                   const void *buf2)
{
    struct call *call = &session.calls[session.n_calls % SESSION_CALLS];

    *call = (struct call){ .what = what, .addr = addr, .len = len, .flags = flags };
    memcpy(call->data, buf, sizeof(call->data));
    if (buf2) {
        memcpy(call->data2, buf2, sizeof(call->data2));
    }
    session.n_calls++;
    if (session.during) {
        session.during();
    }
}

/* Fills all of the 32 bytes that a callback may touch: no more than `len` may reach the wire. */
static void answer(uint8_t *buf, uint8_t first)
{
    for (uint8_t i = 0; i < 32 && !session.leave_data; i++) {
        buf[i] = (uint8_t)(first + i);
    }
}

static int on_read(void *priv, uint64_t addr, size_t len, void *buf, unsigned flags)
{
    ck_assert_ptr_eq(priv, &session);
    record("read", addr, len, flags, buf, NULL);
    answer(buf, 0x01);
    return session.result;
}

static int on_write(void *priv, uint64_t addr, size_t len, void *buf, unsigned flags)
{
    ck_assert_ptr_eq(priv, &session);
    record("write", addr, len, flags, buf, NULL);
    return session.result;
}

static int on_readp(void *priv, uint64_t addr, size_t len, void *buf1, void *buf2, unsigned flags)
{
    ck_assert_ptr_eq(priv, &session);
    record("readp", addr, len, flags, buf1, buf2);
    answer(buf1, 0x01);
    answer(buf2, 0x11);
    return session.result;
}

static int on_writep(void *priv, uint64_t addr, size_t len, void *buf1, void *buf2, unsigned flags)
{
    ck_assert_ptr_eq(priv, &session);
    record("writep", addr, len, flags, buf1, buf2);
    return session.result;
}

const coreio_func_t session_func = {
    .read = on_read, .write = on_write, .readp = on_readp, .writep = on_writep,
};
const coreio_func_t session_func_single = { .read = on_read, .write = on_write };

/* What the client makes of its connection is for the tests to ask; here it only gets to work. */
static void serve(void)
{
    coreio_mainloop(0);
}

void session_listen(void)
{
    session = (struct session){ .result = 0 };
    fake_vm_bind(&session.vm, serve);
    fake_vm_listen(&session.vm);
}

static void connect_with(const coreio_func_t *func)
{
    ck_assert_int_eq(coreio_connect(session.vm.target), 0);
    fake_vm_accept(&session.vm);
    ck_assert_int_eq(coreio_register(0, func, &session), 0);
    fake_vm_expect_vector(&session.vm, "claim-0");
}

void session_start_with(const coreio_func_t *func)
{
    session_listen();
    connect_with(func);
}

void session_start(void)
{
    session_start_with(&session_func);
}

void session_reconnect(void)
{
    connect_with(&session_func);
}

void session_end(void)
{
    coreio_disconnect();
    fake_vm_stop(&session.vm);
}

void session_settle(void)
{
    fake_vm_send_vector(&session.vm, "ping");
    fake_vm_expect_vector(&session.vm, "ping");
}

int session_serve_until_lost(void)
{
    time_t started = time(NULL);
    int err;

    while ((err = coreio_mainloop(1000)) == 0) {
        ck_assert_msg(time(NULL) - started <= 10, "the client does not notice the end");
    }
    return err;
}

const struct call *session_only_call(const char *what)
{
    ck_assert_uint_eq(session.n_calls, 1);
    ck_assert_str_eq(session.calls[0].what, what);
    return &session.calls[0];
}

Suite *session_suite(const char *name, bool fixture, TCase **tcase)
{
    Suite *suite = suite_create(name);

    *tcase = tcase_create(name);
    /* Above the fake VM's own limits, which say what was awaited. */
    tcase_set_timeout(*tcase, 60);
    if (fixture) {
        tcase_add_checked_fixture(*tcase, session_start, session_end);
    }
    suite_add_tcase(suite, *tcase);
    return suite;
}
