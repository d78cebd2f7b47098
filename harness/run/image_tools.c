/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image_tools.h"

#include "paths.h"

static const char *from_environment(const char *variable, const char *built_in)
{
    const char *set = g_getenv(variable);

    return set != NULL && set[0] != '\0' ? set : built_in;
}

static const char *images(const VmbSettings *settings)
{
    return settings != NULL ? settings->images : from_environment("VMBENCH_IMAGES", VMB_IMAGES_DIR);
}

static const char *guests(const VmbSettings *settings)
{
    return settings != NULL ? settings->guest_dir
                            : from_environment("VMBENCH_GUEST_DIR", VMB_GUEST_DIR);
}

RootfsCommand vmb_image_tools(const char *name, const VmbSettings *settings)
{
    static char *cache;

    if (cache == NULL) {
        cache = g_build_filename(g_get_user_cache_dir(), "vmmio-bench", "rootfs", NULL);
    }
    return (RootfsCommand){
        .name = name,
        .images = images(settings),
        .tools = {
            .scripts = VMB_GUEST_ROOTFS,
            .guests = guests(settings),
            .cache = cache,
        },
    };
}

char *vmb_image_tools_init(const VmbSettings *settings, const char *machine)
{
    return g_strdup_printf("%s/init.%s", images(settings), machine);
}
