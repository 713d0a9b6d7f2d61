#include <algorithm>
#include <string_view>

#include "test/sim/disk.h"

// What the simulation does to a disk.
namespace hawser::sim {
namespace {

constexpr std::uint64_t kSector = 512;

}  // namespace

void Disk::die_at(std::uint64_t changes, bool after, Rng rng) {
  const std::lock_guard lock(mutex_);
  death_ = changes_ + changes;
  dies_after_ = after;
  death_rng_ = rng;
}

void Disk::never_die() {
  const std::lock_guard lock(mutex_);
  death_.reset();
}

void Disk::die() {
  const std::lock_guard lock(mutex_);
  dead_ = true;
}

bool Disk::is_dead() const {
  const std::lock_guard lock(mutex_);
  return dead_;
}

void Disk::restart() {
  const std::lock_guard lock(mutex_);
  dead_ = false;
  death_.reset();
  fail_sync_ = false;
}

/// One file after a power loss.
std::string Disk::survivors(const Inode& inode, Rng& rng) {
  auto content = inode.durable;
  const auto manner = rng.below(4);
  if (manner == 0) return content;  // nothing
  const auto prefix = rng.below(inode.unsynced.size() + 1);
  for (std::size_t i = 0; i < inode.unsynced.size(); ++i) {
    const auto& write = inode.unsynced[i];
    const bool in_order = manner != 3;
    if (in_order && i > prefix) break;
    if (write.truncates) {
      if (in_order || rng.one_in(2)) content.resize(std::min<std::uint64_t>(content.size(), write.offset));
    } else if (in_order) {
      const auto size = i < prefix ? write.bytes.size() : rng.below(write.bytes.size() + 1);
      put(content, write.offset, std::string_view(write.bytes).substr(0, size));
    } else {
      // Any sectors of it, and the last one of them torn.
      for (std::uint64_t at = 0; at < write.bytes.size();) {
        const auto end =
            std::min<std::uint64_t>(write.bytes.size(), at + kSector - (write.offset + at) % kSector);
        const auto size = rng.one_in(8) ? rng.below(end - at + 1) : end - at;
        if (rng.one_in(2)) put(content, write.offset + at, std::string_view(write.bytes).substr(at, size));
        at = end;
      }
    }
  }
  return content;
}

void Disk::lose_power(Rng rng) {
  restart();
  const std::lock_guard lock(mutex_);
  for (auto& [path, directory] : directories_) {
    const auto kept = rng.one_in(3) ? 0 : rng.below(directory.unsynced.size() + 1);
    for (std::size_t i = 0; i < kept; ++i) apply(directory.durable, directory.unsynced[i]);
    directory.entries = directory.durable;
    directory.unsynced.clear();
  }
  forget_unreachable();
  for (auto& [path, directory] : directories_) {
    for (auto& [name, entry] : directory.entries) {
      if (!entry.file) continue;
      entry.file->content = survivors(*entry.file, rng);
      entry.file->durable = entry.file->content;
      entry.file->unsynced.clear();
    }
  }
}

/// What stood in a directory that is not there any more.
void Disk::forget_unreachable() {
  std::erase_if(directories_, [this](const auto& item) {
    const auto [parent, name] = split(item.first);
    const auto holder = directories_.find(parent);
    return holder != directories_.end() && !holder->second.entries.contains(name);
  });
}

void Disk::fail_next_sync() {
  const std::lock_guard lock(mutex_);
  fail_sync_ = true;
}

void Disk::set_capacity(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  capacity_ = bytes;
}

std::uint64_t Disk::failures() const {
  const std::lock_guard lock(mutex_);
  return failures_;
}

std::uint64_t Disk::used() const {
  std::uint64_t sum = 0;
  for (const auto& [path, directory] : directories_) {
    for (const auto& [name, entry] : directory.entries) sum += entry.file ? entry.file->content.size() : 0;
  }
  return sum;
}

std::uint64_t Disk::used_bytes() const {
  const std::lock_guard lock(mutex_);
  return used();
}

std::uint64_t Disk::free_bytes() const {
  const std::lock_guard lock(mutex_);
  const auto taken = used();
  return capacity_ > taken ? capacity_ - taken : 0;
}

}  // namespace hawser::sim
