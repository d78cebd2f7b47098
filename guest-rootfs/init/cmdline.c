/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmdline.h"

#include <string.h>

static const char *parse_results(const char *value, size_t len, struct boot_params *params)
{
    if (len == 0 || len >= sizeof(params->results) || memchr(value, '/', len) != NULL) {
        return "vmbench.results= needs the name of a terminal under /dev, such as ttyS1";
    }
    memcpy(params->results, value, len);
    params->results[len] = '\0';
    return NULL;
}

static const char *parse_shell(const char *value, size_t len, struct boot_params *params)
{
    static const char *const names[] = {
        [BOOT_SHELL_NONE] = "0", [BOOT_SHELL_PLAIN] = "1", [BOOT_SHELL_LOGIN] = "login",
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (len == strlen(names[i]) && memcmp(value, names[i], len) == 0) {
            params->shell = (enum boot_shell)i;
            return NULL;
        }
    }
    return "vmbench.shell= needs 0, 1 or login";
}

static const char *parse_init(const char *value, size_t len, struct boot_params *params)
{
    if (len == 0 || len >= sizeof(params->init) || *value != '/') {
        return "vmbench.init= needs the path of a program";
    }
    memcpy(params->init, value, len);
    params->init[len] = '\0';
    return NULL;
}

static const char *parse_word(const char *word, size_t len, struct boot_params *params)
{
    static const struct {
        const char *name;
        const char *(*parse)(const char *value, size_t len, struct boot_params *params);
    } keys[] = {
        {"vmbench.results=", parse_results},
        {"vmbench.shell=", parse_shell},
        {"vmbench.init=", parse_init},
    };

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        size_t n = strlen(keys[i].name);

        if (len >= n && memcmp(word, keys[i].name, n) == 0) {
            return keys[i].parse(word + n, len - n, params);
        }
    }
    return NULL;
}

const char *cmdline_parse(const char *text, struct boot_params *params)
{
    const char *const blank = " \t\n";

    memset(params, 0, sizeof(*params));
    for (text += strspn(text, blank); *text != '\0'; text += strspn(text, blank)) {
        size_t len = strcspn(text, blank);
        const char *problem = parse_word(text, len, params);

        if (problem != NULL) {
            return problem;
        }
        text += len;
    }
    return NULL;
}
