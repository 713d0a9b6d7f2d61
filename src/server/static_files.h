#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/error.h"

namespace hawser::server {

/// The web page, read into memory once at start so that no loop touches the disk. Immutable; any thread.
class StaticFiles {
 public:
  struct File {
    SharedBytes body;
    std::string_view content_type;
    /// Names with a content hash never change; everything else is checked at every visit.
    bool immutable = false;
  };

  /// No files: every look-up misses.
  StaticFiles() = default;
  /// Reads all regular files below `directory` (64 MiB at most). Errors (config) name the directory.
  static Result<StaticFiles> load(const std::string& directory);

  /// `path` as in the request, "/" meaning index.html; nullptr when there is no such file.
  const File* find(std::string_view path) const;
  bool empty() const { return files_.empty(); }

 private:
  std::map<std::string, File, std::less<>> files_;
};

}  // namespace hawser::server
