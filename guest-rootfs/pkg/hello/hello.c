/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The example of a program in a guest: any C file in a directory of its own beside this one. */
#include <stdio.h>

int main(void)
{
    puts("Hello, World!");
    return 0;
}
