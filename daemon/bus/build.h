/* Which build this process runs: parent and bus must be the same one, for what they say to each
 * other is not versioned. */
#pragma once

/* Version and linker's build id, "0.1.0 3f2a…"; fresh memory. */
char *bus_build_id(void);
