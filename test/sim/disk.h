#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "test/sim/rng.h"

namespace hawser::sim {

/// What a change of the disk comes to.
enum class Outcome : std::uint8_t { done, no_space, io_error, dead };

/// A file as the page cache has it, and what is known of it to be on the platter.
struct Inode {
  struct Write {
    std::uint64_t offset = 0;
    std::string bytes;
    bool truncates = false;  ///< the file was cut to `offset` instead
  };

  std::string content;          ///< what readers see
  std::string durable;          ///< what a power loss leaves for sure
  std::vector<Write> unsynced;  ///< what leads from the one to the other, in order
};

/// A disk in memory that forgets, tears and reorders what was not synced, and dies where it is told to.
///
/// Files: after a power loss any part of the unsynced writes is there, in sectors of 512 bytes or torn at any
/// byte. Directories: changes come in order, as with a journal, but only those before the directory's last
/// sync are sure; each directory for itself, and syncing a file does not sync its name. Any thread.
class Disk {
 public:
  static constexpr std::uint64_t kUnlimited = ~std::uint64_t{0};
  using File = std::shared_ptr<Inode>;

  // --- What file systems do; all answer `dead` once the disk is dead ---
  File open(const std::string& path) const;
  Outcome create(const std::string& path, File& file);
  Outcome append(const File& file, std::string_view bytes);
  Outcome truncate(const File& file, std::uint64_t size);
  Outcome sync(const File& file);
  Outcome rename(const std::string& from, const std::string& to);
  Outcome remove(const std::string& path);
  Outcome make_directory(const std::string& path);
  Outcome sync_directory(const std::string& path);
  bool is_directory(const std::string& path) const;
  std::vector<std::string> children(const std::string& path) const;
  std::string read(const File& file, std::uint64_t offset, std::size_t size) const;
  std::uint64_t size(const File& file) const;

  // --- What the simulation does ---
  /// The machine stops at the `changes`-th change from now: in the middle of it, or right after it.
  void die_at(std::uint64_t changes, bool after, Rng rng);
  void never_die();
  /// From now on nothing changes any more.
  void die();
  bool is_dead() const;
  /// The process is gone, the machine is not: everything written is still seen.
  void restart();
  /// The machine is gone too: what was not synced is there, or not, or in parts.
  void lose_power(Rng rng);
  /// The next sync of a file fails, and what it should have written is lost, though readers still see it.
  void fail_next_sync();
  /// Bytes all files together may have.
  void set_capacity(std::uint64_t bytes);
  /// How often it has refused a change so far, full or failing.
  std::uint64_t failures() const;
  std::uint64_t free_bytes() const;
  std::uint64_t used_bytes() const;

 private:
  struct Change {
    std::string name;
    std::string renamed_from;  ///< empty unless it is a rename
    File file;                 ///< null: removed
    bool is_directory = false;
  };
  struct Entry {
    File file;
    bool is_directory = false;
  };
  struct Directory {
    std::map<std::string, Entry> entries;
    std::map<std::string, Entry> durable;
    std::vector<Change> unsynced;
  };

  /// Counts a change and says what becomes of it; `torn` when the machine stops in its middle.
  Outcome begin_change(bool& torn);
  void end_change();
  /// Directory and name.
  static std::pair<std::string, std::string> split(const std::string& path);
  static void put(std::string& content, std::uint64_t offset, std::string_view bytes);
  static void apply(std::map<std::string, Entry>& entries, const Change& change);
  void change_entry(const std::string& path, Change change);
  void write(const File& file, std::string_view bytes);
  const Entry* find(const std::string& path) const;
  std::uint64_t used() const;
  static std::string survivors(const Inode& inode, Rng& rng);
  void forget_unreachable();

  mutable std::mutex mutex_;
  std::map<std::string, Directory> directories_;
  std::uint64_t capacity_ = kUnlimited;
  std::uint64_t changes_ = 0;
  std::optional<std::uint64_t> death_;  ///< at which change
  bool dies_after_ = false;
  Rng death_rng_{0};
  bool dead_ = false;
  bool fail_sync_ = false;
  std::uint64_t failures_ = 0;
};

}  // namespace hawser::sim
