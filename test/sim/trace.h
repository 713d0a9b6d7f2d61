#pragma once

#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <string_view>

#include "base/id.h"
#include "base/json.h"

namespace hawser::sim {

inline std::uint64_t hash_of(std::string_view bytes, std::uint64_t value = 14695981039346656037ULL) {
  for (const char c : bytes) value = (value ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return value;
}

inline std::string hex(std::uint64_t value) {
  std::string text(16, '0');
  for (std::size_t i = 16; i-- > 0; value >>= 4U) text[i] = "0123456789abcdef"[value & 15U];
  return text;
}

/// The history of a run: one line of JSON a fact, and a hash over all of them. `e` says what it is; the
/// checker (check_history.mjs) says what they mean.
class Trace {
 public:
  explicit Trace(std::FILE* out) : out_(out) {}

  /// Ends the object.
  void add(json::Object& fact) {
    auto line = fact.str();
    line += '\n';
    hash_ = hash_of(line, hash_);
    if (out_ != nullptr) std::fwrite(line.data(), 1, line.size(), out_);
  }
  /// A short name, the same for the same job.
  std::string name(const JobId& id) {
    const auto [found, is_new] = names_.try_emplace(id, names_.size() + 1);
    return "j" + std::to_string(found->second);
  }
  std::uint64_t hash() const { return hash_; }

 private:
  std::FILE* out_;
  std::uint64_t hash_ = hash_of("");
  std::map<JobId, std::size_t> names_;
};

/// A fact that happens now.
inline json::Object fact(std::string_view what) {
  json::Object object;
  object.add("e", what);
  return object;
}

}  // namespace hawser::sim
