/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unix_socket.h"

#include <check.h>
#include <gio/gunixsocketaddress.h>
#include <string.h>

#include "vmbench_child.h"

GSocketConnection *socket_connect(const char *path)
{
    g_autoptr(GSocketClient) client = g_socket_client_new();
    g_autoptr(GSocketAddress) address = g_unix_socket_address_new(path);
    GSocketConnection *connection =
        g_socket_client_connect(client, G_SOCKET_CONNECTABLE(address), NULL, NULL);

    ck_assert_msg(connection != NULL, "%s", path);
    g_socket_set_timeout(g_socket_connection_get_socket(connection), PATIENCE_SECONDS);
    return connection;
}

void socket_say(GSocketConnection *connection, const char *text)
{
    ck_assert(g_output_stream_write_all(g_io_stream_get_output_stream(G_IO_STREAM(connection)), text,
                                        strlen(text), NULL, NULL, NULL));
}

void socket_hear(GSocketConnection *connection, const char *words)
{
    GInputStream *input = g_io_stream_get_input_stream(G_IO_STREAM(connection));
    g_autoptr(GString) text = g_string_new(NULL);
    char bytes[256];

    while (strstr(text->str, words) == NULL) {
        gssize n = g_input_stream_read(input, bytes, sizeof(bytes), NULL, NULL);

        ck_assert_msg(n > 0, "`%s` is not in: %s", words, text->str);
        g_string_append_len(text, bytes, n);
    }
}
