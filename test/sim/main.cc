#include <spdlog/spdlog.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>

#include "test/sim/simulation.h"

namespace {

constexpr const char* kUsage =
    "usage: hawser_sim FIRST [LAST] [--hash]\n"
    "Simulates these seeds and writes their histories, or only a hash of each.\n";

/// For the lock of the store; the length of its name is the same in every process.
std::string own_directory() {
  std::string path = (std::filesystem::temp_directory_path() / "hawser_sim_XXXXXX").string();
  if (::mkdtemp(path.data()) == nullptr) std::abort();
  return path;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  const bool hashes = std::strcmp(argv[argc - 1], "--hash") == 0;
  const auto first = std::strtoull(argv[1], nullptr, 10);
  const auto last = argc > (hashes ? 3 : 2) ? std::strtoull(argv[2], nullptr, 10) : first;
  spdlog::set_level(spdlog::level::off);
  const auto path = own_directory();
  for (auto seed = first; seed <= last; ++seed) {
    const auto hash = hawser::sim::Simulation(seed, path, hashes ? nullptr : stdout).run();
    if (hashes)
      std::printf("%llu %s\n", static_cast<unsigned long long>(seed), hawser::sim::hex(hash).c_str());
  }
  std::filesystem::remove_all(path);
  return 0;
}
