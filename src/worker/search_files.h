#pragma once

#include <cstddef>
#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/limits.h"

namespace hawser::worker {

/// A file as the index knows it. If none of this changed, neither did the text.
struct FileStamp {
  std::string path;  ///< relative to the folder, with '/'
  std::uint64_t size = 0;
  std::int64_t modified_ns = 0;
  bool operator==(const FileStamp&) const = default;
};

struct FileListing {
  std::vector<FileStamp> files;  ///< in order of their paths as bytes
  std::uint64_t bytes = 0;
  bool truncated = false;  ///< a bound was reached: the rest of the folder is left out
};

struct FileBounds {
  std::size_t files = limits::kMaxSearchFiles;
  std::uint64_t bytes = limits::kMaxSearchBytes;
  std::uint64_t file_bytes = limits::kMaxSearchFileBytes;
};

/// Lists the regular files under `folder` that may be text, always in the same order and therefore with the
/// same cut at a bound. Left out: hidden entries, symbolic links (their targets are found where they are,
/// or are outside), empty files, files over `bounds.file_bytes`, folders that cannot be read, and `excluded`
/// (an absolute path: the index itself, should it be inside).
/// Errors: config, when the folder is missing or cannot be read; shutting_down, when asked to stop.
Result<FileListing> list_files(const std::string& folder, const std::string& excluded,
                               const FileBounds& bounds, std::stop_token stop);

}  // namespace hawser::worker
