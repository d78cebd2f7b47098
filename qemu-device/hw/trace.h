#include "trace/trace-hw_misc_vmmio.h"
