/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes that come one piece after the other, within the memory there is. */
#include "rootfs_growing.h"
#include "tap.h"

#include <string.h>
#include <sys/resource.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif

START_TEST(pieces_become_one)
{
    g_auto(RootfsGrowing) growing = {.claimed = 7};
    g_autoptr(GBytes) bytes = NULL;
    guint64 room = 10;

    ck_assert(rootfs_growing_append(&growing, "abc", 3, &room));
    ck_assert(rootfs_growing_append(&growing, "", 0, &room));
    ck_assert(rootfs_growing_append(&growing, "defg", 4, &room));
    ck_assert_uint_eq(room, 3);
    ck_assert_uint_eq(growing.size, 7);
    bytes = rootfs_growing_finish(&growing);
    ck_assert_uint_eq(g_bytes_get_size(bytes), 7);
    ck_assert_mem_eq(g_bytes_get_data(bytes, NULL), "abcdefg", 7);
}
END_TEST

START_TEST(nothing_becomes_an_empty_file)
{
    g_auto(RootfsGrowing) growing = {.claimed = 1000};
    g_autoptr(GBytes) bytes = rootfs_growing_finish(&growing);

    ck_assert_uint_eq(g_bytes_get_size(bytes), 0);
}
END_TEST

START_TEST(no_more_than_there_is_room_for)
{
    g_auto(RootfsGrowing) growing = {.claimed = 100};
    guint64 room = 4;

    ck_assert(rootfs_growing_append(&growing, "abc", 3, &room));
    ck_assert(!rootfs_growing_append(&growing, "de", 2, &room));
    ck_assert_uint_eq(room, 1);
    ck_assert_uint_eq(growing.len, 3);
    ck_assert(rootfs_growing_append(&growing, "d", 1, &room));
}
END_TEST

#if !__has_feature(address_sanitizer) /* which maps more than any limit */
enum { BLOCK = 1 << 20, LIMIT = 512 * BLOCK };

START_TEST(memory_that_is_not_there)
{
    g_auto(RootfsGrowing) growing = {.claimed = 0xfffffffe};
    g_autofree guint8 *block = g_malloc0(BLOCK);
    guint64 room = G_MAXUINT64;
    gsize len = 0;

    ck_assert_int_eq(setrlimit(RLIMIT_AS, &(struct rlimit){LIMIT, LIMIT}), 0);
    ck_assert_uint_eq(rootfs_growing_room(), LIMIT / 4 * 3);
    while (len < LIMIT && rootfs_growing_append(&growing, block, BLOCK, &room)) {
        len += BLOCK;
    }
    ck_assert_uint_lt(len, LIMIT);
    ck_assert_uint_eq(growing.len, len);
    ck_assert_uint_eq(room, G_MAXUINT64 - len);
}
END_TEST
#endif

int main(void)
{
    Suite *suite = suite_create("rootfs_growing");
    TCase *tc = tcase_create("growing");

    tcase_add_test(tc, pieces_become_one);
    tcase_add_test(tc, nothing_becomes_an_empty_file);
    tcase_add_test(tc, no_more_than_there_is_room_for);
#if !__has_feature(address_sanitizer)
    tcase_add_test(tc, memory_that_is_not_there);
#endif
    suite_add_tcase(suite, tc);
    return tap_run(suite);
}
