/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image_tools.h"

#include "paths.h"

static const char *from_environment(const char *variable, const char *built_in)
{
    const char *set = g_getenv(variable);

    return set != NULL && set[0] != '\0' ? set : built_in;
}

static const char *images(void)
{
    return from_environment("VMBENCH_IMAGES", VMB_IMAGES_DIR);
}

RootfsCommand vmb_image_tools(const char *name)
{
    static char *cache;

    if (cache == NULL) {
        cache = g_build_filename(g_get_user_cache_dir(), "vmmio-bench", "rootfs", NULL);
    }
    return (RootfsCommand){
        .name = name,
        .images = images(),
        .tools = {
            .scripts = VMB_GUEST_ROOTFS,
            .guests = from_environment("VMBENCH_GUEST_DIR", VMB_GUEST_DIR),
            .cache = cache,
        },
    };
}

char *vmb_image_tools_init(const char *machine)
{
    return g_strdup_printf("%s/init.%s", images(), machine);
}
