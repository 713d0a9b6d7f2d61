#include "test/sim/disk.h"

#include <algorithm>
#include <utility>

namespace hawser::sim {

std::pair<std::string, std::string> Disk::split(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return {"", path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

void Disk::put(std::string& content, std::uint64_t offset, std::string_view bytes) {
  if (content.size() < offset + bytes.size()) content.resize(offset + bytes.size(), '\0');
  std::ranges::copy(bytes, content.begin() + static_cast<std::ptrdiff_t>(offset));
}

// --- Files ---

const Disk::Entry* Disk::find(const std::string& path) const {
  const auto [directory, name] = split(path);
  const auto holder = directories_.find(directory);
  if (holder == directories_.end()) return nullptr;
  const auto found = holder->second.entries.find(name);
  return found == holder->second.entries.end() ? nullptr : &found->second;
}

Disk::File Disk::open(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  const auto* entry = find(path);
  return entry == nullptr ? nullptr : entry->file;
}

Outcome Disk::create(const std::string& path, File& file) {
  const std::lock_guard lock(mutex_);
  bool torn = false;
  if (const auto outcome = begin_change(torn); outcome != Outcome::done) return outcome;
  file = std::make_shared<Inode>();
  change_entry(path, {.name = {}, .renamed_from = {}, .file = file, .is_directory = false});
  end_change();
  return Outcome::done;
}

Outcome Disk::append(const File& file, std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  if (!dead_ && used() + bytes.size() > capacity_) {
    ++failures_;
    return Outcome::no_space;
  }
  bool torn = false;
  const auto outcome = begin_change(torn);
  if (torn) write(file, bytes.substr(0, death_rng_.below(bytes.size() + 1)));
  if (outcome != Outcome::done) return outcome;
  write(file, bytes);
  end_change();
  return Outcome::done;
}

void Disk::write(const File& file, std::string_view bytes) {
  file->unsynced.push_back({.offset = file->content.size(), .bytes = std::string(bytes), .truncates = false});
  file->content.append(bytes);
}

Outcome Disk::truncate(const File& file, std::uint64_t size) {
  const std::lock_guard lock(mutex_);
  bool torn = false;
  if (const auto outcome = begin_change(torn); outcome != Outcome::done) return outcome;
  file->content.resize(size, '\0');
  file->unsynced.push_back({.offset = size, .bytes = {}, .truncates = true});
  end_change();
  return Outcome::done;
}

Outcome Disk::sync(const File& file) {
  const std::lock_guard lock(mutex_);
  bool torn = false;
  const auto outcome = begin_change(torn);
  if (outcome != Outcome::done) return outcome;
  if (std::exchange(fail_sync_, false)) {
    // The pages are marked clean all the same: no later sync writes them.
    file->unsynced.clear();
    ++failures_;
    return Outcome::io_error;
  }
  for (const auto& write : std::exchange(file->unsynced, {})) {
    if (write.truncates) {
      file->durable.resize(write.offset, '\0');
    } else {
      put(file->durable, write.offset, write.bytes);
    }
  }
  end_change();
  return Outcome::done;
}

std::string Disk::read(const File& file, std::uint64_t offset, std::size_t size) const {
  const std::lock_guard lock(mutex_);
  if (offset >= file->content.size()) return {};
  return file->content.substr(offset, size);
}

std::uint64_t Disk::size(const File& file) const {
  const std::lock_guard lock(mutex_);
  return file->content.size();
}

// --- Names ---

void Disk::apply(std::map<std::string, Entry>& entries, const Change& change) {
  if (!change.renamed_from.empty()) entries.erase(change.renamed_from);
  if (change.file || change.is_directory) {
    entries[change.name] = {.file = change.file, .is_directory = change.is_directory};
  } else {
    entries.erase(change.name);
  }
}

void Disk::change_entry(const std::string& path, Change change) {
  const auto [directory, name] = split(path);
  auto& holder = directories_[directory];
  change.name = name;
  apply(holder.entries, change);
  holder.unsynced.push_back(std::move(change));
}

Outcome Disk::rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  const auto* entry = find(from);
  if (entry == nullptr) return Outcome::io_error;
  bool torn = false;
  if (const auto outcome = begin_change(torn); outcome != Outcome::done) return outcome;
  change_entry(to,
               {.name = {}, .renamed_from = split(from).second, .file = entry->file, .is_directory = false});
  end_change();
  return Outcome::done;
}

Outcome Disk::remove(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (find(path) == nullptr) return Outcome::io_error;
  bool torn = false;
  if (const auto outcome = begin_change(torn); outcome != Outcome::done) return outcome;
  change_entry(path, {});
  end_change();
  return Outcome::done;
}

Outcome Disk::make_directory(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (const auto* entry = find(path); entry != nullptr && entry->is_directory) return Outcome::done;
  bool torn = false;
  if (const auto outcome = begin_change(torn); outcome != Outcome::done) return outcome;
  directories_[path];
  change_entry(path, {.name = {}, .renamed_from = {}, .file = nullptr, .is_directory = true});
  end_change();
  return Outcome::done;
}

Outcome Disk::sync_directory(const std::string& path) {
  const std::lock_guard lock(mutex_);
  bool torn = false;
  if (const auto outcome = begin_change(torn); outcome != Outcome::done) return outcome;
  auto& directory = directories_[path];
  directory.durable = directory.entries;
  directory.unsynced.clear();
  end_change();
  return Outcome::done;
}

bool Disk::is_directory(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  const auto* entry = find(path);
  return entry != nullptr && entry->is_directory;
}

std::vector<std::string> Disk::children(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  if (const auto found = directories_.find(path); found != directories_.end()) {
    for (const auto& [name, entry] : found->second.entries) names.push_back(name);
  }
  return names;
}

Outcome Disk::begin_change(bool& torn) {
  if (dead_) return Outcome::dead;
  ++changes_;
  if (!death_ || changes_ < *death_ || dies_after_) return Outcome::done;
  dead_ = true;
  torn = true;
  return Outcome::dead;
}

void Disk::end_change() {
  if (death_ && changes_ >= *death_) dead_ = true;
}

}  // namespace hawser::sim
