# SPDX-License-Identifier: GPL-2.0-or-later
# For pkg/build, which removes what other flags and other files made: the program out/NAME, which has a
# directory of its own because it may have any name, or the library libNAME.a, of all C files in SOURCE.
sources := $(sort $(wildcard $(SOURCE)/*.c))
objects := $(sources:$(SOURCE)/%.c=%.o)

program: out/$(NAME)
library: lib$(NAME).a

out/$(NAME): $(objects) $(filter %.a,$(LDLIBS))
	mkdir -p out
	$(CC) $(LDFLAGS) -o $@ $(objects) $(LDLIBS)

# Whole or not at all: programs may be linked with it meanwhile.
lib$(NAME).a: $(objects)
	rm -f $@.part
	$(AR) rcsD $@.part $^
	mv $@.part $@

%.o: $(SOURCE)/%.c
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

-include $(objects:.o=.d)

.PHONY: program library
