/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rootfs_elf.h"

#include "rootfs_image.h"

#include <gelf.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Elf, elf_end)

void rootfs_elf_free(RootfsElf *elf)
{
    g_free(elf->interpreter);
    g_ptr_array_unref(elf->needed);
    g_free(elf->search);
    g_free(elf->vermagic);
    g_strfreev(elf->depends);
    g_strfreev(elf->parameters);
    g_free(elf);
}

static gboolean fail(GError **error, const char *path)
{
    int code = elf_errno(); /* 0: it is we who say so */

    g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_SOURCE,
                "%s: is a damaged ELF file (%s); build or copy it again", path,
                code != 0 ? elf_errmsg(code) : "it contradicts itself");
    return FALSE;
}

/* `size` bytes of the file from `offset`, NULL when it has not so many. */
static Elf_Data *chunk(Elf *file, guint64 offset, guint64 size, Elf_Type type)
{
    if (offset > G_MAXINT64 || size > G_MAXINT64) {
        return NULL;
    }
    return elf_getdata_rawchunk(file, (int64_t)offset, (size_t)size, type);
}

/* Of the bytes that the file has; only what does not lie in it may reach behind them. */
static gboolean is_inside(guint64 size, guint64 offset, guint64 len)
{
    return offset <= size && len <= size - offset;
}

/* A text that ends within the data, or NULL. */
static const char *text_in(const Elf_Data *data, guint64 offset)
{
    const char *bytes = data->d_buf;

    if (bytes == NULL || offset >= data->d_size ||
        memchr(bytes + offset, '\0', data->d_size - offset) == NULL) {
        return NULL;
    }
    return bytes + offset;
}

/* ---- Programs and libraries ---- */

/* Where the file has the byte that is at `address` in memory. */
static gboolean file_offset(Elf *file, size_t segments, guint64 address, guint64 *offset)
{
    for (size_t i = 0; i < segments; i++) {
        GElf_Phdr segment;

        if (gelf_getphdr(file, (int)i, &segment) != NULL && segment.p_type == PT_LOAD &&
            address >= segment.p_vaddr && address - segment.p_vaddr < segment.p_filesz) {
            *offset = segment.p_offset + (address - segment.p_vaddr);
            return TRUE;
        }
    }
    return FALSE;
}

static guint64 dynamic_value(Elf_Data *dynamic, gint64 tag)
{
    GElf_Dyn entry;

    for (int i = 0; gelf_getdyn(dynamic, i, &entry) != NULL && entry.d_tag != DT_NULL; i++) {
        if (entry.d_tag == tag) {
            return entry.d_un.d_val;
        }
    }
    return 0;
}

static gboolean read_dynamic_text(RootfsElf *elf, const GElf_Dyn *entry, const Elf_Data *strings)
{
    const char *text;

    if (entry->d_tag != DT_NEEDED && entry->d_tag != DT_RUNPATH && entry->d_tag != DT_RPATH) {
        return TRUE;
    }
    text = text_in(strings, entry->d_un.d_val);
    if (text == NULL) {
        return FALSE;
    }
    if (entry->d_tag == DT_NEEDED) {
        g_ptr_array_add(elf->needed, g_strdup(text));
    } else if (elf->search == NULL || entry->d_tag == DT_RUNPATH) {
        g_free(elf->search); /* RUNPATH makes the loader pass RPATH over */
        elf->search = g_strdup(text);
        elf->bequeaths = entry->d_tag == DT_RPATH;
    }
    return TRUE;
}

static gboolean read_dynamic(RootfsElf *elf, Elf *file, size_t segments, const GElf_Phdr *segment)
{
    Elf_Data *dynamic = chunk(file, segment->p_offset, segment->p_filesz, ELF_T_DYN);
    Elf_Data *strings = NULL;
    guint64 offset;
    GElf_Dyn entry;

    if (dynamic == NULL) {
        return FALSE;
    }
    if (file_offset(file, segments, dynamic_value(dynamic, DT_STRTAB), &offset)) {
        strings = chunk(file, offset, dynamic_value(dynamic, DT_STRSZ), ELF_T_BYTE);
    }
    if (strings == NULL) {
        return FALSE;
    }
    for (int i = 0; gelf_getdyn(dynamic, i, &entry) != NULL && entry.d_tag != DT_NULL; i++) {
        if (!read_dynamic_text(elf, &entry, strings)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean read_interpreter(RootfsElf *elf, Elf *file, const GElf_Phdr *segment)
{
    Elf_Data *data = chunk(file, segment->p_offset, segment->p_filesz, ELF_T_BYTE);
    const char *text = data != NULL ? text_in(data, 0) : NULL;

    if (text != NULL && elf->interpreter == NULL) { /* the kernel takes the first as well */
        elf->interpreter = g_strdup(text);
    }
    return text != NULL;
}

static gboolean read_segments(RootfsElf *elf, Elf *file, guint64 size)
{
    size_t segments;

    if (elf_getphdrnum(file, &segments) != 0) {
        return FALSE;
    }
    for (size_t i = 0; i < segments; i++) {
        GElf_Phdr segment;

        if (gelf_getphdr(file, (int)i, &segment) == NULL ||
            (segment.p_type == PT_LOAD && !is_inside(size, segment.p_offset, segment.p_filesz)) ||
            (segment.p_type == PT_INTERP && !read_interpreter(elf, file, &segment)) ||
            (segment.p_type == PT_DYNAMIC && !read_dynamic(elf, file, segments, &segment))) {
            return FALSE;
        }
    }
    return TRUE;
}

/* ---- Kernel modules ---- */

/* What has a pointer to its name, one to the module, one to its type, 4 bytes, and one to its value. */
enum { PARAMETER_SIZE = 40 };

/*
 * The value of `key` among the "key=value" texts of a .modinfo section, or NULL; the first from *at on,
 * which is put behind it.
 */
static const char *next_modinfo(const Elf_Data *data, const char *key, guint64 *at)
{
    size_t len = strlen(key);
    const char *text;

    while ((text = text_in(data, *at)) != NULL) {
        *at += strlen(text) + 1;
        if (strncmp(text, key, len) == 0 && text[len] == '=') {
            return text + len + 1;
        }
    }
    return NULL;
}

static const char *modinfo(const Elf_Data *data, const char *key)
{
    guint64 at = 0;

    return next_modinfo(data, key, &at);
}

/* "NAME:TYPE" or "NAME:DESCRIPTION", of which a parameter has one or both. */
static GStrv parameters_in(const Elf_Data *data)
{
    static const char *const keys[] = {"parmtype", "parm"};
    g_autoptr(GStrvBuilder) names = g_strv_builder_new();
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
        const char *value;

        for (guint64 at = 0; (value = next_modinfo(data, keys[i], &at)) != NULL;) {
            char *name = g_strndup(value, strcspn(value, ":"));

            if (g_hash_table_add(seen, name)) {
                g_strv_builder_add(names, name);
            }
        }
    }
    return g_strv_builder_end(names);
}

static void read_modinfo(RootfsElf *elf, const Elf_Data *data)
{
    const char *depends = modinfo(data, "depends");
    const char *vermagic = modinfo(data, "vermagic");

    elf->vermagic = g_strdup(vermagic != NULL ? vermagic : "");
    elf->depends = g_strsplit(depends != NULL ? depends : "", ",", -1);
    elf->parameters = parameters_in(data);
}

static gboolean read_section(RootfsElf *elf, Elf_Scn *section, const char *name, guint64 size,
                             guint64 *parameters)
{
    if (strcmp(name, ".modinfo") == 0 && elf->vermagic == NULL) {
        Elf_Data *data = elf_rawdata(section, NULL);

        if (data == NULL) {
            return FALSE;
        }
        read_modinfo(elf, data);
    } else if (strcmp(name, "__param") == 0) {
        *parameters = size / PARAMETER_SIZE;
    }
    return TRUE;
}

static gboolean read_sections(RootfsElf *elf, Elf *file, guint64 size)
{
    guint64 parameters = 0;
    size_t names;

    if (elf_getshdrstrndx(file, &names) != 0) {
        return FALSE;
    }
    for (Elf_Scn *section = NULL; (section = elf_nextscn(file, section)) != NULL;) {
        GElf_Shdr header;
        const char *name = gelf_getshdr(section, &header) != NULL
                           ? elf_strptr(file, names, header.sh_name) : NULL;

        if (name != NULL && header.sh_type != SHT_NOBITS &&
            !is_inside(size, header.sh_offset, header.sh_size)) {
            return FALSE;
        }
        if (name != NULL && !read_section(elf, section, name, header.sh_size, &parameters)) {
            return FALSE;
        }
    }
    if (elf->parameters != NULL && g_strv_length(elf->parameters) < parameters) {
        g_clear_pointer(&elf->parameters, g_strfreev); /* module_param_cb() alone writes no text */
    }
    return TRUE;
}

/* ---- Files ---- */

static gboolean is_strange(const guint8 *ident, guint machine)
{
    guint class = machine == EM_386 || machine == EM_ARM ? ELFCLASS32 : ELFCLASS64;

    return ident[EI_CLASS] != class || ident[EI_DATA] != ELFDATA2LSB;
}

static guint number_at(const guint8 *ident, gsize offset)
{
    guint first = ident[offset], second = ident[offset + 1];

    return ident[EI_DATA] == ELFDATA2MSB ? first << 8 | second : second << 8 | first;
}

gboolean rootfs_elf_head(const void *bytes, gsize len, RootfsElfHead *head)
{
    const gsize type = G_STRUCT_OFFSET(Elf64_Ehdr, e_type); /* where 32-bit files have them too */
    const gsize machine = G_STRUCT_OFFSET(Elf64_Ehdr, e_machine);

    if (len < SELFMAG || memcmp(bytes, ELFMAG, SELFMAG) != 0) {
        return FALSE;
    }
    *head = (RootfsElfHead){ET_NONE, EM_NONE};
    if (len >= machine + 2) {
        head->type = number_at(bytes, type);
        head->machine = number_at(bytes, machine);
        head->machine = is_strange(bytes, head->machine) ? ROOTFS_ELF_STRANGE : head->machine;
    }
    return TRUE;
}

/* Files with debugging information have sections for the code as well, without its bytes. */
static gboolean lacks_code(Elf *file)
{
    for (Elf_Scn *section = NULL; (section = elf_nextscn(file, section)) != NULL;) {
        GElf_Shdr header;

        if (gelf_getshdr(section, &header) != NULL && header.sh_type == SHT_NOBITS &&
            (header.sh_flags & SHF_EXECINSTR) != 0) {
            return TRUE;
        }
    }
    elf_errno(); /* whether its sections can be read is of no matter yet */
    return FALSE;
}

/* It is last in most files, and so what a copy that was cut short has lost. */
static gboolean has_section_table(const GElf_Ehdr *header, guint64 size)
{
    return is_inside(size, header->e_shoff, (guint64)header->e_shnum * header->e_shentsize);
}

static gboolean read_file(RootfsElf *elf, Elf *file, guint64 size)
{
    GElf_Ehdr header;

    if (gelf_getehdr(file, &header) == NULL) {
        return FALSE;
    }
    elf->debug = lacks_code(file);
    if (elf->debug || elf->machine == ROOTFS_ELF_STRANGE) { /* for no guest: nothing else matters */
        return TRUE;
    }
    if (!has_section_table(&header, size)) {
        return FALSE;
    }
    return header.e_type == ET_REL ? read_sections(elf, file, size) : read_segments(elf, file, size);
}

gboolean rootfs_elf_read(int fd, const char *path, RootfsElf **elf, GError **error)
{
    g_autoptr(RootfsElf) own = NULL;
    g_autoptr(Elf) file = NULL;
    guint8 first[sizeof(Elf64_Ehdr)];
    ssize_t len = pread(fd, first, sizeof(first), 0);
    RootfsElfHead head;
    struct stat info;

    *elf = NULL;
    if (len < 0 || fstat(fd, &info) != 0 || !rootfs_elf_head(first, (gsize)len, &head)) {
        return TRUE;
    }
    own = g_new0(RootfsElf, 1);
    own->type = head.type;
    own->machine = head.machine;
    own->needed = g_ptr_array_new_with_free_func(g_free);
    elf_version(EV_CURRENT);
    elf_errno(); /* forget what was wrong with another file */
    file = elf_begin(fd, ELF_C_READ, NULL);
    if (file == NULL || elf_kind(file) != ELF_K_ELF ||
        !read_file(own, file, (guint64)info.st_size)) {
        return fail(error, path);
    }
    *elf = g_steal_pointer(&own);
    return TRUE;
}

const char *rootfs_elf_machine_name(guint machine)
{
    switch (machine) {
    case EM_X86_64:
        return "x86_64";
    case EM_AARCH64:
        return "aarch64";
    case EM_386:
        return "a 32-bit x86";
    case EM_ARM:
        return "a 32-bit ARM";
    default:
        return "another architecture";
    }
}
