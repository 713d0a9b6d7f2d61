#include "worker/process_children.h"

#include <dirent.h>

#include <charconv>
#include <fstream>
#include <memory>
#include <string>

namespace hawser::worker {
namespace {

/// The parent in a line of /proc/PID/stat: "PID (NAME) STATE PARENT …", where NAME may hold anything.
pid_t parent_in(const std::string& stat) {
  const auto name_end = stat.rfind(')');
  if (name_end == std::string::npos || name_end + 4 > stat.size()) return 0;
  pid_t parent = 0;
  std::from_chars(stat.data() + name_end + 4, stat.data() + stat.size(), parent);
  return parent;
}

}  // namespace

std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> children;
  const std::unique_ptr<DIR, int (*)(DIR*)> proc(opendir("/proc"), closedir);
  if (!proc) return children;
  while (const auto* entry = readdir(proc.get())) {
    const std::string name = entry->d_name;
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error != std::errc{} || end != name.data() + name.size()) continue;
    std::ifstream file("/proc/" + name + "/stat");
    std::string stat;
    std::getline(file, stat, '\0');
    if (parent_in(stat) == parent) children.push_back(pid);
  }
  return children;
}

}  // namespace hawser::worker
