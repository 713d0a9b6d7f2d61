#include <gtest/gtest.h>

#include <cstring>

#include "test/worker/exec_victim.h"
#include "worker/exec_supervisor.h"

/// The test program is its own exec supervisor and the server that a test kills, as the product's binary is.
int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], hawser::worker::kExecSupervisorCommand) == 0) {
    return hawser::worker::exec_supervisor_main(argc, argv);
  }
  if (argc > 1 && std::strcmp(argv[1], hawser::worker::kExecVictimCommand) == 0) {
    return hawser::worker::exec_victim_main();
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
