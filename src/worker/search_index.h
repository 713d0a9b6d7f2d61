#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/limits.h"
#include "base/time.h"
#include "worker/search_build.h"
#include "worker/search_files.h"

namespace hawser::worker {

/// A generation on disk. Whoever holds the pointer keeps the file from being deleted.
struct GenerationFile {
  std::uint64_t number = 0;
  std::string path;
};
using GenerationPin = std::shared_ptr<const GenerationFile>;

/// The durable index of one folder: files `generation-<n>.db` under `<data_dir>/search/`, each built aside,
/// renamed when it is on disk, and never changed again. A changed folder makes generation n+1; numbers are
/// not used twice. The newest kSearchGenerationsKept stay, and those in use.
///
/// Any thread, but one `refresh` at a time. One process uses a data directory at a time.
class SearchIndex {
 public:
  /// Opens the newest generation of this folder, if there is one, without looking at the folder.
  SearchIndex(const std::string& folder, const std::string& data_dir, FileBounds bounds = {},
              std::uint64_t disk_reserve = limits::kDefaultStorageReserve);
  SearchIndex(const SearchIndex&) = delete;
  SearchIndex& operator=(const SearchIndex&) = delete;

  /// Compares the folder with the newest generation and builds the next one if it differs. An older one
  /// serves meanwhile, and goes on to serve when this fails.
  /// Errors: config (folder or SQLite unusable), storage_full, shutting_down, unavailable.
  Status refresh(const std::stop_token& stop);

  /// The newest generation; null before the first one is built.
  GenerationPin current() const;
  /// A certain generation; null when it is gone.
  GenerationPin pin(std::uint64_t number) const;
  /// Why there is no generation, once a refresh has failed with none to fall back on.
  std::optional<Error> failure() const;
  /// Waits until there is a generation or a failure, at most for `patience` or until stopped.
  void wait(Millis patience, const std::stop_token& stop) const;

  /// Files read by the running build, and how many it has to read; 0 of 0 before it knows.
  std::pair<std::uint64_t, std::uint64_t> progress() const;

 private:
  Status try_refresh(const std::stop_token& stop);
  Status build(const FileListing& listing, const std::stop_token& stop);
  Status check_space(const FileListing& listing) const;
  Result<bool> is_current(const FileListing& listing) const;
  void publish(std::uint64_t number);
  void delete_old();
  std::string path_of(std::uint64_t number) const;
  GenerationPin pin_locked(std::uint64_t number) const;

  const std::string folder_;     ///< absolute
  const std::string directory_;  ///< absolute
  const FileBounds bounds_;
  const std::uint64_t disk_reserve_;
  BuildProgress progress_;

  mutable std::mutex mutex_;
  mutable std::condition_variable_any changed_;
  GenerationPin current_;
  std::optional<Error> failure_;
  std::uint64_t newest_ = 0;  ///< highest number on disk, readable or not
  /// Pins that may still be held, to see which files are in use.
  mutable std::map<std::uint64_t, std::weak_ptr<const GenerationFile>> pins_;
};

}  // namespace hawser::worker
