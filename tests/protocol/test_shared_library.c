/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libcoreio.so loads by itself and exports the calls of the two headers and nothing else. */
#include "tap.h"

#include <dlfcn.h>

static void *library;

static void load(void)
{
    const char *path = getenv("LIBCOREIO");

    ck_assert_msg(path != NULL, "set LIBCOREIO to the shared library");
    library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    ck_assert_msg(library != NULL, "%s", dlerror());
}

static void unload(void)
{
    dlclose(library);
}

static void check_version(const char *const *calls, size_t count, const char *version)
{
    for (size_t i = 0; i < count; i++) {
        ck_assert_msg(dlvsym(library, calls[i], version) != NULL, "no %s", calls[i]);
    }
}

START_TEST(the_compatible_calls_are_there)
{
    static const char *const calls[] = {
        "coreio_connect",    "coreio_disconnect", "coreio_register",
        "coreio_irq_update", "coreio_dma_read",   "coreio_dma_write",
        "coreio_preparefds", "coreio_processfds", "coreio_mainloop",
    };

    check_version(calls, sizeof(calls) / sizeof(calls[0]), "LIBCOREIO_0");
}
END_TEST

START_TEST(the_reentrant_calls_are_there)
{
    static const char *const calls[] = {
        "coreio_ctx_new",           "coreio_ctx_free",       "coreio_ctx_set_events",
        "coreio_ctx_set_reconnect", "coreio_ctx_set_spin",   "coreio_ctx_connect",
        "coreio_ctx_connect_start", "coreio_ctx_disconnect", "coreio_ctx_status",
        "coreio_ctx_register",      "coreio_ctx_unregister", "coreio_ctx_irq_update",
        "coreio_ctx_dma_read",      "coreio_ctx_dma_write",  "coreio_ctx_flush",
        "coreio_ctx_fd",            "coreio_ctx_dispatch",   "coreio_ctx_run",
        "coreio_ctx_stop",
    };

    check_version(calls, sizeof(calls) / sizeof(calls[0]), "LIBCOREIO_1");
}
END_TEST

START_TEST(internals_are_not)
{
    static const char *const internals[] = {
        "vmmio_decode", "vmmio_framer_push", "coreio_ctx_forget", "coreio_conn_send",
        "coreio_dispatch", "coreio_target_parse", "coreio_dma_submit", "coreio_link_check",
    };

    for (size_t i = 0; i < sizeof(internals) / sizeof(internals[0]); i++) {
        ck_assert_msg(dlsym(library, internals[i]) == NULL, "exports %s", internals[i]);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("shared_library");
    TCase *tcase = tcase_create("shared_library");

    tcase_add_checked_fixture(tcase, load, unload);
    tcase_add_test(tcase, the_compatible_calls_are_there);
    tcase_add_test(tcase, the_reentrant_calls_are_there);
    tcase_add_test(tcase, internals_are_not);
    suite_add_tcase(suite, tcase);
    return tap_run(suite);
}
