/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Golden packets of fixtures/wire (format: its README.md). A vector that
 * cannot be read fails the running Check test. Uses no encoder of the project.
 */
#ifndef TESTS_VECTOR_H
#define TESTS_VECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VECTOR_BYTES_MAX 256
#define VECTOR_NAME_SIZE 64
#define VECTOR_FIELDS 16

struct vector {
    char name[VECTOR_NAME_SIZE];
    uint8_t bytes[VECTOR_BYTES_MAX];
    size_t len;
    uint64_t fields[VECTOR_FIELDS];
    bool reserved; /* the bytes hold bits that belong to no field */
};

/* Load $FIXTURES/wire/NAME.txt. */
void vector_load(const char *name, struct vector *vector);

/* Load every vector. The caller frees *vectors. Returns their number, at least 1. */
size_t vector_load_all(struct vector **vectors);

/* A decoded field by its key, 0 when the file leaves it out. */
uint64_t vector_field(const struct vector *vector, const char *key);

#endif
