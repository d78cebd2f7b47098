/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A scenario as its directory's scenario.ini tells it: what machine, which programs outside, and the
 * steps one after the other. docs/scenario-file.md is its reference. Nothing here runs anything.
 */
#ifndef VMBENCH_SCENARIO_H
#define VMBENCH_SCENARIO_H

#include "error.h"
#include "machine.h"

/* The file that makes a directory a scenario. */
#define VMB_SCENARIO_FILE "scenario.ini"

/* How long a step may take when nobody says, in milliseconds. */
#define VMB_STEP_MS 30000

/* Most ranges, and most endpoints, of a machine; the protocol can name so many ranges. */
#define VMB_RANGES_MAX 8

/* What an output has to be. All NULL: anything. */
typedef struct {
    char *file;     /* its bytes; may have {machine} in it */
    char *patterns; /* file of lines, regular expressions between {{ and }} */
    char *text;     /* the bytes themselves */
    guint line;     /* of the key, in the scenario's file */
} VmbExpected;

typedef struct {
    char *name; /* behind "range " */
    char *id;   /* of the device, "vmmio0": by place, so that scenarios can share a guest */
    guint line; /* of its group in the scenario's file; of [scenario] when it has none */
    char *start, *size;
    guint irq;           /* number of the line, 0: none */
    gboolean any_irq;    /* one that the machine has to spare */
    guint endpoint;      /* which one, from 0 */
    char *properties;    /* of the device, "on-disconnect=wait,..."; NULL: none */
} VmbScenarioRange;

typedef struct {
    char *name;
    char **command;     /* at least the program */
    guint line;         /* of the command, in the scenario's file */
    char **environment; /* NAME=VALUE; NULL: none */
    guint range;        /* index: it connects to that one's endpoint */
    gboolean ends;      /* by itself, with exit status 0, when it likes */
} VmbScenarioHandler;

/* A VM beside the one that is tested. */
typedef struct {
    char *name;
    const VmbMachine *machine; /* NULL: the same */
    gboolean network;
} VmbScenarioGuest;

typedef enum {
    VMB_STEP_RUN,
    VMB_STEP_WAIT,
    VMB_STEP_START,
    VMB_STEP_STOP,
    VMB_STEP_KILL,
    VMB_STEP_RESTART,
    VMB_STEP_CLAIM,
    VMB_STEP_RELEASE,
    VMB_STEP_OUTPUT,
    VMB_STEP_SEND,
    VMB_STEP_BYTES,
    VMB_STEP_BUS_ERROR,
    VMB_STEP_RESET,
} VmbStepKind;

typedef struct {
    VmbStepKind kind;
    char *name; /* behind "step " */
    guint line; /* of the group */
    guint ms;   /* how long it may take */

    guint target; /* START ... RESTART, OUTPUT: index of the handler; CLAIM, RELEASE: of the range;
                     WAIT: of the RUN step */
    gint guest;   /* RUN, RESET: index of a guest, -1: the tested one */

    /* RUN */
    char **argv;
    char **environment; /* NULL: none */
    char *directory;    /* NULL: / */
    char *input_file;   /* NULL: `text` */
    gboolean background;
    gint exit_status;   /* -1: a signal is expected */
    guint signal_number;
    guint end_line;     /* of either key, in the scenario's file; 0: none of them */
    VmbExpected out, err; /* OUTPUT too: `out` */

    gboolean claim;         /* START, RESTART: wait until it claims its range */
    gboolean to_program;    /* SEND: `target` is a RUN step, else a handler */
    char *text;             /* SEND, RUN: input; NULL: none */
    guint64 address;        /* BYTES, BUS_ERROR: guest-physical */
    guint width;            /* of an access, bytes: 1, 2, 4 or 8 */
    GByteArray *bytes;      /* BYTES; SEND, NULL: `text`; BUS_ERROR: what is written, NULL: it reads */
} VmbStep;

typedef struct {
    char *name;      /* as users name it: path below the directory of scenarios */
    char *directory; /* its own */
    char *file;      /* scenario.ini in it */
    char *title;     /* NULL: none */
    GPtrArray *machines; /* of const VmbMachine */
    char **groups;       /* NULL: none */
    guint ms;            /* default of the steps */
    gboolean isolate;    /* a guest of its own */
    gboolean misbehaves; /* its handlers break the protocol on purpose */
    gboolean network;
    gboolean needs_kvm;
    gboolean resets;     /* a step resets the tested guest */
    char *append;        /* kernel words, NULL: none */
    char **files, **packages, **modules, **overlays, **manifests; /* for the image; NULL: none */
    GPtrArray *ranges;   /* of VmbScenarioRange, at least one */
    GPtrArray *handlers; /* of VmbScenarioHandler */
    GPtrArray *guests;   /* of VmbScenarioGuest */
    GPtrArray *steps;    /* of VmbStep, at least one */
} VmbScenario;

/*
 * Read DIRECTORY/scenario.ini. NULL: VMB_ERROR_SETUP, "FILE:LINE: " and what is wrong. Whether the
 * files that it names are there is for vmb_scenario_check(). Free with vmb_scenario_free().
 */
VmbScenario *vmb_scenario_load(const char *directory, const char *name, GError **error);
void vmb_scenario_free(VmbScenario *scenario);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmbScenario, vmb_scenario_free)

/*
 * FALSE: VMB_ERROR_SETUP, a file or a handler's program that it names is not there, a file of patterns has
 * a wrong one, or the machine cannot do what a step asks for; with file and line. What is for the image is
 * looked at when that is made.
 */
gboolean vmb_scenario_check(const VmbScenario *scenario, const VmbMachine *machine, GError **error);

/*
 * Whether somebody waits for each program in the background of which something is expected:
 * vmb_scenario_load() has asked. FALSE: VMB_ERROR_SETUP, with file and line.
 */
gboolean vmb_scenario_check_waits(const VmbScenario *scenario, GError **error);

/*
 * What is told of each key that a file may have: its group, "scenario" or "range NAME", or for a key of a
 * step what the step does, such as "run"; what all steps may have is of "step NAME".
 */
typedef void (*VmbScenarioKey)(const char *group, const char *key, gpointer data);

/* Tell of all keys. */
void vmb_scenario_each_key(VmbScenarioKey take, gpointer data);

/*
 * The number of the interrupt of the range `range`, by index, on a machine; 0: none. Ranges with any of
 * those that the machine has to spare get its first, its second, ...
 */
guint vmb_scenario_irq(const VmbScenario *scenario, const VmbMachine *machine, guint range);

gboolean vmb_scenario_runs_on(const VmbScenario *scenario, const VmbMachine *machine);

/*
 * A file that it names, in its directory unless absolute, with {machine} filled in. Free with
 * g_free().
 */
char *vmb_scenario_path(const VmbScenario *scenario, const VmbMachine *machine, const char *file);

#endif
