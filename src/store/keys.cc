#include "store/keys.h"

#include <algorithm>
#include <cstring>

#include "store/codec.h"

namespace hawser::store::keys {
namespace {

constexpr char kActive = 'A';
constexpr char kEnded = 'E';
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
std::string ended_jobs(std::string_view owner) {
  return owner_key(kEnded, owner);
}
std::string owner_head(std::string_view owner) {
  return owner_key(kPosition, owner);
}

bool is_owner_head(std::string_view key) {
  return key.starts_with(kPosition);
}

std::string ended_job(std::string_view owner, std::uint64_t last_position, const JobId& id) {
  auto key = ended_jobs(owner);
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
  if (!is_active(record)) return ended_job(*record.owner, record.last_position, record.id);
  auto key = active_jobs(*record.owner);
  key += view(record.id);
  return key;
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
