/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Property values that cannot work: QEMU ends at once, with one line that says why. */
#include "device.h"
#include "tap.h"

#include <netinet/in.h>
#include <sys/socket.h>

/* 108 bytes: one more than a socket's address has room for. */
#define EIGHTEEN "/tmp/aaaaaaaaaaaaa"
#define LONG_PATH EIGHTEEN EIGHTEEN EIGHTEEN EIGHTEEN EIGHTEEN EIGHTEEN

#define FREE_PORT "-device vmmio,listen=127.0.0.1:0"

static const struct {
    const char *devices;
    const char *words;
} bad_on_virt[] = {
    { FREE_PORT ",size=0", "size=0x0 is not a multiple of 0x1000 above 0" },
    { FREE_PORT ",size=0x1800", "size=0x1800 is not a multiple of 0x1000 above 0" },
    { FREE_PORT ",size=1", "size=0x1 is not a multiple of 0x1000 above 0" },
    { FREE_PORT ",start=0xfef00004", "start=0xfef00004 is not a multiple of 0x1000" },
    { FREE_PORT ",start=0x40000000", "overlaps RAM" },
    { FREE_PORT ",start=0x3ffff000,size=0x2000", "overlaps RAM" },
    { FREE_PORT " " FREE_PORT, "overlaps the range \"vmmio@fef00000\"" },
    { FREE_PORT " " FREE_PORT ",start=0xfeeff000,size=0x2000",
      "overlaps the range \"vmmio@fef00000\"" },
    { FREE_PORT ",start=0x100000000000", "outside the machine's 44-bit physical address space" },
    { FREE_PORT ",start=0xfffffff0000,size=0x20000",
      "outside the machine's 44-bit physical address space" },
    { FREE_PORT ",start=0xfffffffffffff000", "outside the machine's" },
    { FREE_PORT ",start=0xfffffffffffff000,size=0x2000", "outside the machine's" },
    { FREE_PORT ",irq=eighty", "irq=eighty: \"eighty\" is no number" },
    { FREE_PORT ",irq=80:", "irq=80:: \"\" is no number" },
    { FREE_PORT ",irq=80:9x", "irq=80:9x: \"9x\" is no number" },
    { FREE_PORT ",irq=-1", "irq=-1" },
    { FREE_PORT ",irq=80:81:80", "irq=80 is given twice" },
    { FREE_PORT ",irq=1000", "irq=1000: the GIC of this machine has the SPIs 0 to" },
    { FREE_PORT ",irq=1:2:3:4:5:6:7:8:9:10:11:12:13:14:15:16:17", "more than 16 numbers" },
    { "-device vmmio,listen=nonsense", "listen=nonsense is no HOST:PORT, [v6]:PORT or unix:PATH" },
    { "-device vmmio,listen=127.0.0.1:70000", "listen=127.0.0.1:70000" },
    { "-device vmmio,listen=", "listen= is no HOST:PORT, [v6]:PORT or unix:PATH" },
    { "-device vmmio,listen=vsock:3:4300", "vsock sockets are not supported" },
    { "-device vmmio,listen=unix:" LONG_PATH, "the path is longer than 107 bytes" },
    { FREE_PORT ",max-connections=0", "max-connections=0 is not from 1 to 1024" },
    { FREE_PORT ",max-connections=1025", "max-connections=1025 is not from 1 to 1024" },
    { FREE_PORT ",poll-us=1001", "poll-us=1001 is not from 0 to 1000" },
    { "-device vmmio,listen=unix:/nonexistent/directory/socket",
      "cannot listen on unix:/nonexistent/directory/socket (give another listen=): " },
    { "-device 'vmmio,listen=no such host:4300'",
      "cannot listen on no such host:4300 (give another listen=): " },
    { FREE_PORT " " FREE_PORT ",start=0x1000000000 " FREE_PORT ",start=0x1000001000 " FREE_PORT
      ",start=0x1000002000 " FREE_PORT ",start=0x1000003000 " FREE_PORT ",start=0x1000004000 "
      FREE_PORT ",start=0x1000005000 " FREE_PORT ",start=0x1000006000 " FREE_PORT
      ",start=0x1000007000", "has 8 ranges already" },
    { FREE_PORT ",dma-ranges=some", "dma-ranges=some: \"some\" is no range" },
    { FREE_PORT ",dma-ranges=0x1000", "\"0x1000\" is no range" },
    { FREE_PORT ",dma-ranges=0x1000-", "\"0x1000-\" is no range" },
    { FREE_PORT ",dma-ranges=-0x1000", "\"-0x1000\" is no range" },
    { FREE_PORT ",dma-ranges=0-1:", "\"\" is no range" },
    { FREE_PORT ",dma-ranges=0-1::2-3", "\"\" is no range" },
    { FREE_PORT ",dma-ranges=0-1:none", "\"none\" is no range" },
    { FREE_PORT ",dma-ranges=2-1", "\"2-1\" is no range" },
    { FREE_PORT ",dma-ranges=0--1", "\"0--1\" is no range" },
    { FREE_PORT ",dma-ranges=0-0x", "\"0-0x\" is no range" },
    { FREE_PORT ",dma-ranges=0-ff", "\"0-ff\" is no range" },
    { FREE_PORT ",dma-ranges=0-1k", "\"0-1k\" is no range" },
    { FREE_PORT ",dma-ranges=0-1-2", "\"0-1-2\" is no range" },
    { FREE_PORT ",dma-ranges=0-0x10000000000000000", "\"0-0x10000000000000000\" is no range" },
    { FREE_PORT ",dma-ranges=1-1:1-1:1-1:1-1:1-1:1-1:1-1:1-1:1-1:1-1:1-1:1-1:1-1:1-1:1-1:1-1:1-1",
      "has more than 16 ranges" },
    { FREE_PORT ",dma-ranges=0-1 " FREE_PORT ",start=0x1000000000,dma-ranges=none",
      "dma-ranges=none, but an earlier device of listen=127.0.0.1:0 has 0-1" },
    { FREE_PORT " " FREE_PORT ",start=0x1000000000,dma-ranges=0-1",
      "dma-ranges=0-1, but an earlier device of listen=127.0.0.1:0 has nothing: the devices" },
    { FREE_PORT ",dma-ranges= " FREE_PORT ",start=0x1000000000,dma-ranges=none",
      "dma-ranges=none, but an earlier device of listen=127.0.0.1:0 has an empty text: " },
    { FREE_PORT " " FREE_PORT ",start=0x1000000000,dma-ranges=",
      "dma-ranges=, but an earlier device of listen=127.0.0.1:0 has nothing: " },
    { FREE_PORT ",dma-ranges=none " FREE_PORT ",start=0x1000000000,dma-ranges=0-1",
      "dma-ranges=0-1, but an earlier device of listen=127.0.0.1:0 has none: the devices" },
};

START_TEST(bad_value)
{
    device_check_refused("aarch64", DEVICE_VIRT, bad_on_virt[_i].devices, bad_on_virt[_i].words);
}
END_TEST

START_TEST(overlap_with_ram_of_the_pi)
{
    device_check_refused("aarch64", "-M raspi4b", FREE_PORT ",start=0x100000", "overlaps RAM");
}
END_TEST

START_TEST(port_in_use)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_autofree char *device = NULL;
    g_autofree char *words = NULL;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(listen(fd, 1), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    device = g_strdup_printf("-device vmmio,listen=127.0.0.1:%u", ntohs(address.sin_port));
    words = g_strdup_printf("cannot listen on 127.0.0.1:%u (give another listen=, port 0 takes a "
                            "free one): ", ntohs(address.sin_port));
    device_check_refused("aarch64", DEVICE_VIRT, device, words);
}
END_TEST

/* The values at the edges of what is allowed. */
START_TEST(good_edges)
{
    struct qtest vm;

    device_start(&vm, "start=0xffffffff000,irq=0");
    ck_assert_uint_eq(qtest_read(&vm, 8, 0xffffffff000), DEVICE_UNCLAIMED);
    qtest_stop(&vm);
    device_start(&vm, "start=0x42000000,irq=1:2:3:4:5:6:7:8:9:10:11:12:13:14:15:16");
    ck_assert_uint_eq(qtest_read(&vm, 1, 0x42000000), 0xaa);
    qtest_stop(&vm);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("properties");
    TCase *tcase = tcase_create("properties");

    tcase_set_timeout(tcase, DEVICE_TEST_SECONDS);
    tcase_add_loop_test(tcase, bad_value, 0, G_N_ELEMENTS(bad_on_virt));
    tcase_add_test(tcase, overlap_with_ram_of_the_pi);
    tcase_add_test(tcase, port_in_use);
    tcase_add_test(tcase, good_edges);
    suite_add_tcase(suite, tcase);
    return tap_run(suite);
}
