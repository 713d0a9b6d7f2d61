#include <gtest/gtest.h>

#include <cstring>

#include "test/store/kill_child.h"

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], hawser::store::kKillChildCommand) == 0) {
    return hawser::store::kill_child_main(argv[2]);
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
