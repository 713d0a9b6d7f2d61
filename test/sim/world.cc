#include "test/sim/world.h"

#include <filesystem>
#include <utility>

#include "test/sim/server.h"

namespace hawser::sim {

World::World(std::uint64_t seed, std::string path, std::FILE* out)
    : rng(seed), weather(sim::weather(rng.fork())), trace(out), directory(std::move(path)) {
  disk.make_directory(directory);
  disk.sync_directory(std::filesystem::path(directory).parent_path());
}

World::~World() = default;

}  // namespace hawser::sim
