#include "store/keys.h"

#include <algorithm>
#include <cstring>

#include "base/big_endian.h"

namespace hawser::store::keys {
namespace {

constexpr char kActive = 'A';
constexpr char kFirstEnded = 'E';
constexpr char kEnded = 'F';
constexpr char kByEnd = 'T';
constexpr char kTombstone = 'X';
constexpr char kTombstoneCount = 'Z';
constexpr char kIdempotency = 'I';
constexpr char kPosition = 'P';

std::string owner_key(char tag, std::string_view owner) {
  std::string key(1, tag);
  key += static_cast<char>(owner.size() >> 8U);
  key += static_cast<char>(owner.size());
  key += owner;
  return key;
}

std::string_view view(const JobId& id) {
  return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()};
}

/// A time before 1970 is as old as one can be.
std::string timed_key(std::string prefix, WallMillis time, const JobId& id) {
  append_big_endian(prefix, static_cast<std::uint64_t>(std::max<WallMillis>(time, 0)));
  return prefix += view(id);
}

}  // namespace

std::string job(const JobId& id) {
  return std::string(view(id));
}

std::string event(const JobId& id, std::uint64_t sequence) {
  std::string key;
  key.reserve(kIdBytes + sizeof(sequence));
  key += view(id);
  append_big_endian(key, sequence);
  return key;
}

std::string active_jobs(std::string_view owner) {
  return owner_key(kActive, owner);
}
std::string all_active_jobs() {
  return {kActive};
}
std::string ended_jobs(std::string_view owner, job::JobState state) {
  return owner_key(kEnded, owner) + static_cast<char>(state);
}
std::string owner_head(std::string_view owner) {
  return owner_key(kPosition, owner);
}

bool is_owner_head(std::string_view key) {
  return key.starts_with(kPosition);
}

std::string all_owner_heads() {
  return {kPosition};
}

std::string_view owner_of_head(std::string_view key) {
  return key.substr(std::min(key.size(), owner_key(kPosition, {}).size()));
}

std::string by_end(job::JobState state) {
  return {kByEnd, static_cast<char>(state)};
}

std::string by_end(job::JobState state, WallMillis ended_at, const JobId& id) {
  return timed_key(by_end(state), ended_at, id);
}

std::string tombstones() {
  return {kTombstone};
}

std::string tombstone(WallMillis deleted_at, const JobId& id) {
  return timed_key(tombstones(), deleted_at, id);
}

std::string tombstone_count() {
  return {kTombstoneCount};
}

std::string first_ended_jobs() {
  return {kFirstEnded};
}

std::string ended_job(std::string_view owner, job::JobState state, std::uint64_t last_position,
                      const JobId& id) {
  auto key = ended_jobs(owner, state);
  append_big_endian(key, last_position);
  key += view(id);
  return key;
}

std::string idempotency(std::string_view owner, std::string_view key) {
  auto result = owner_key(kIdempotency, owner);
  result += key;
  return result;
}

std::string stream_entry(const job::JobRecord& record) {
  if (!is_active(record)) return ended_job(*record.owner, record.state, record.last_position, record.id);
  auto key = active_jobs(*record.owner);
  key += view(record.id);
  return key;
}

std::vector<std::string> entries(const job::JobRecord& record) {
  std::vector<std::string> all = {stream_entry(record)};
  if (!is_active(record)) all.push_back(by_end(record.state, record.ended_at, record.id));
  return all;
}

std::optional<JobId> trailing_id(std::string_view bytes) {
  if (bytes.size() < kIdBytes) return std::nullopt;
  JobId id;
  std::memcpy(id.bytes.data(), bytes.data() + bytes.size() - kIdBytes, kIdBytes);
  return id;
}

std::optional<std::uint64_t> event_sequence(std::string_view key) {
  if (key.size() != kIdBytes + sizeof(std::uint64_t)) return std::nullopt;
  return read_big_endian(key.substr(kIdBytes));
}

std::string after_prefix(std::string prefix) {
  while (!prefix.empty()) {
    const auto last = static_cast<std::uint8_t>(prefix.back());
    prefix.pop_back();
    if (last != 0xff) return prefix + static_cast<char>(last + 1);
  }
  return prefix;
}

}  // namespace hawser::store::keys
