#include "worker/search_index.h"

#include <fmt/core.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <vector>

#include "runtime/system.h"
#include "worker/search_generation.h"
#include "worker/search_sqlite.h"

namespace hawser::worker {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "generation-";
constexpr std::string_view kSuffix = ".db";
/// An index is at most this many times the size of its files (measured: 1.5); to be refused before the
/// disk is full is better than after.
constexpr std::uint64_t kIndexPerText = 2;

std::string absolute(const std::string& path) {
  if (path.empty()) return path;
  std::error_code error;
  auto canonical = fs::weakly_canonical(fs::absolute(path, error), error);
  return error ? path : canonical.string();
}

std::optional<std::uint64_t> number_of(std::string_view name) {
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return std::nullopt;
  name.remove_prefix(kPrefix.size());
  name.remove_suffix(kSuffix.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return number;
}

/// Numbers of the generations on disk, the newest first.
std::vector<std::uint64_t> generations_in(const std::string& directory) {
  std::vector<std::uint64_t> numbers;
  std::error_code error;
  for (fs::directory_iterator it(directory, error); !error && it != fs::directory_iterator();
       it.increment(error)) {
    if (const auto number = number_of(it->path().filename().string())) numbers.push_back(*number);
  }
  std::ranges::sort(numbers, std::greater());
  return numbers;
}

}  // namespace

SearchIndex::SearchIndex(const std::string& folder, const std::string& data_dir, FileBounds bounds,
                         std::uint64_t disk_reserve)
    : folder_(absolute(folder)),
      directory_(absolute(data_dir) + "/search"),
      bounds_(bounds),
      disk_reserve_(disk_reserve) {
  const auto numbers = generations_in(directory_);
  if (numbers.empty()) return;
  newest_ = numbers.front();
  for (const auto number : numbers) {
    const auto generation = SearchGeneration::open(path_of(number));
    if (!generation) {
      spdlog::warn("search: generation {} is not readable and is ignored: {}", number,
                   generation.error().message);
    } else if (generation->folder() == folder_) {
      current_ = pin_locked(number);
      return;
    }
  }
}

Status SearchIndex::refresh(const std::stop_token& stop) {
  auto status = try_refresh(stop);
  const bool failed = !status && status.error().code != Errc::shutting_down;
  if (failed) spdlog::error("search: the index was not brought up to date: {}", status.error().message);
  const std::lock_guard lock(mutex_);
  failure_ = failed && !current_ ? std::optional(status.error()) : std::nullopt;
  changed_.notify_all();
  return status;
}

Status SearchIndex::try_refresh(const std::stop_token& stop) {
  if (folder_.empty()) return fail(Errc::config, "No folder to search: set search.folder.");
  if (auto status = check_fts5(); !status) return status;
  auto listing = list_files(folder_, directory_, bounds_, stop);
  if (!listing) return std::unexpected(listing.error());
  const auto unchanged = is_current(*listing);
  if (!unchanged) spdlog::warn("search: building anew, because of: {}", unchanged.error().message);
  if (unchanged && *unchanged) return {};
  if (listing->truncated) {
    spdlog::warn("search: {} has more than {} files or {} MiB of text; the index leaves out the rest",
                 folder_, bounds_.files, bounds_.bytes >> 20U);
  }
  return build(*listing, stop);
}

Result<bool> SearchIndex::is_current(const FileListing& listing) const {
  const auto newest = current();
  if (!newest) return false;
  const auto generation = SearchGeneration::open(newest->path);
  if (!generation) return std::unexpected(generation.error());
  return generation->matches(listing);
}

Status SearchIndex::build(const FileListing& listing, const std::stop_token& stop) {
  std::error_code error;
  fs::create_directories(directory_, error);
  if (error) {
    return fail(Errc::config, fmt::format("The data directory for the search index, {}, cannot be made: {}.",
                                          directory_, error.message()));
  }
  if (auto status = check_space(listing); !status) return status;
  const auto number = newest_ + 1;  // Only this thread changes it.
  const auto started = runtime::system_clock().now();
  const auto report = build_generation(path_of(number), folder_, listing, progress_, stop);
  if (!report) return std::unexpected(report.error());
  const auto seconds = std::chrono::duration<double>(runtime::system_clock().now() - started).count();
  spdlog::info("search: generation {} of {} has {} text files, {} lines, {} passages; built in {:.1f} s",
               number, folder_, report->text_files, report->lines, report->passages, seconds);
  publish(number);
  return {};
}

Status SearchIndex::check_space(const FileListing& listing) const {
  std::error_code error;
  const auto space = fs::space(directory_, error);
  const auto needed = listing.bytes * kIndexPerText + disk_reserve_;
  if (error || space.available >= needed) return {};
  return fail(Errc::storage_full, fmt::format("The search index needs {} MiB of free disk space in {}.",
                                              needed >> 20U, directory_));
}

void SearchIndex::publish(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  newest_ = number;
  current_ = pin_locked(number);
  changed_.notify_all();
  delete_old();
}

/// Not done at start: a job that goes on after a restart shall find its generation.
void SearchIndex::delete_old() {
  std::error_code ignored;
  std::size_t kept = 0;
  for (const auto number : generations_in(directory_)) {
    if (kept++ < limits::kSearchGenerationsKept) continue;
    const auto pin = pins_.find(number);
    if (pin != pins_.end() && !pin->second.expired()) continue;
    fs::remove(path_of(number), ignored);
    pins_.erase(number);
  }
}

GenerationPin SearchIndex::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

GenerationPin SearchIndex::pin(std::uint64_t number) const {
  const std::lock_guard lock(mutex_);
  return pin_locked(number);
}

GenerationPin SearchIndex::pin_locked(std::uint64_t number) const {
  auto& known = pins_[number];
  if (auto pin = known.lock()) return pin;
  std::error_code error;
  if (!fs::exists(path_of(number), error)) {
    pins_.erase(number);
    return nullptr;
  }
  auto pin = std::make_shared<const GenerationFile>(number, path_of(number));
  known = pin;
  return pin;
}

std::optional<Error> SearchIndex::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

void SearchIndex::wait(Millis patience, const std::stop_token& stop) const {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, stop, patience, [this] { return current_ || failure_; });
}

std::pair<std::uint64_t, std::uint64_t> SearchIndex::progress() const {
  return {progress_.files_done, progress_.files_total};
}

std::string SearchIndex::path_of(std::uint64_t number) const {
  return fmt::format("{}/{}{}{}", directory_, kPrefix, number, kSuffix);
}

}  // namespace hawser::worker
