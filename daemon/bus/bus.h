/* The bus process: the ZeroMQ sockets and nothing else (WIRE). */
#pragma once

/* The whole life of `civicwired --bus`: reads its configuration from the channel, serves until END
 * or until the parent is gone. Returns the exit status. */
int bus_main(int channel_fd);
