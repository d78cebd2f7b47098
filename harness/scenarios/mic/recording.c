/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recording.h"

#include <endian.h>
#include <errno.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct recording {
    SNDFILE *file;
    SF_INFO info;
};

/* NULL: the file will do. */
static const char *find_problem(const struct recording *recording)
{
    const SF_INFO *info = &recording->info;

    if (recording->file == NULL) {
        return sf_strerror(NULL);
    }
    if (info->channels != 1) {
        return "it has several channels, this microphone has one";
    }
    if (info->frames < 1 || info->samplerate < 1) {
        return "it holds no sound";
    }
    return info->seekable ? NULL : "it cannot be rewound: give a regular file";
}

struct recording *recording_open(const char *path)
{
    struct recording *recording = calloc(1, sizeof(*recording));
    const char *problem;

    if (recording == NULL) {
        fprintf(stderr, "vmmio-mic-outside: %s: %s\n", path, strerror(errno));
        return NULL;
    }
    recording->file = sf_open(path, SFM_READ, &recording->info);
    problem = find_problem(recording);
    if (problem != NULL) {
        fprintf(stderr, "vmmio-mic-outside: %s: %s\n", path, problem);
        recording_close(recording);
        return NULL;
    }
    return recording;
}

void recording_close(struct recording *recording)
{
    if (recording->file != NULL) {
        sf_close(recording->file);
    }
    free(recording);
}

unsigned recording_rate(const struct recording *recording)
{
    return (unsigned)recording->info.samplerate;
}

uint64_t recording_samples(const struct recording *recording)
{
    return (uint64_t)recording->info.frames;
}

void recording_rewind(struct recording *recording)
{
    sf_seek(recording->file, 0, SEEK_SET);
}

bool recording_read(struct recording *recording, int16_t *samples, size_t count)
{
    sf_count_t got = sf_read_short(recording->file, samples, (sf_count_t)count);

    for (sf_count_t i = 0; i < got; i++) {
        samples[i] = (int16_t)htole16((uint16_t)samples[i]);
    }
    return got == (sf_count_t)count;
}
