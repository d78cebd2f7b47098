# SPDX-License-Identifier: GPL-2.0-or-later
# For pkg/build: the program NAME, or the library libNAME.a, of all C files in ./source.
sources := $(sort $(wildcard source/*.c))
objects := $(sources:source/%.c=%.o)

program: $(NAME)
library: lib$(NAME).a

# Other flags are another build; a file that went away as well.
settings := $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) $(LDLIBS) $(sources)
ifneq ($(settings),$(file <settings))
$(shell rm -f *.o *.a $(NAME))
$(file >settings,$(settings))
endif

$(NAME): $(objects) $(filter %.a,$(LDLIBS))
	$(CC) $(LDFLAGS) -o $@ $(objects) $(LDLIBS)

lib$(NAME).a: $(objects)
	rm -f $@
	$(AR) rcsD $@ $^

%.o: source/%.c
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

-include $(objects:.o=.d)

.PHONY: program library
