#pragma once

#include <atomic>
#include <cstdint>
#include <stop_token>
#include <string>

#include "base/error.h"
#include "worker/search_files.h"

namespace hawser::worker {

/// How far a build is. Written by the building thread, read by any.
struct BuildProgress {
  std::atomic<std::uint64_t> files_done = 0;
  std::atomic<std::uint64_t> files_total = 0;
};

struct BuildReport {
  std::uint64_t text_files = 0;
  std::uint64_t lines = 0;
  std::uint64_t passages = 0;
};

/// Reads the listed files and writes a generation to `target`, which exists afterwards complete and on
/// disk, or not at all. The text is kept in it, so that hits can be shown after the folder has changed.
/// Files that are no text are only remembered in the list of files; unreadable ones likewise.
///
/// Layout (kGenerationFormat): generation(folder, digest), file(id, path, size, modified_ns) in order of
/// paths, passage(id, file, line, text) in order of files and lines, and the FTS5 table `words` over
/// passage.text. Equal text gives equal ids, hence an equal order of hits; `digest` stands for the text.
///
/// Errors: storage_full, shutting_down (asked to stop), unavailable.
Result<BuildReport> build_generation(const std::string& target, const std::string& folder,
                                     const FileListing& listing, BuildProgress& progress,
                                     const std::stop_token& stop);

/// PRAGMA user_version of a generation; another one is not read.
inline constexpr int kGenerationFormat = 1;

}  // namespace hawser::worker
