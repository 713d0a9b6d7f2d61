#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hawser::cli {

/// The whole of what a client must remember of a job to lose and double nothing: the last sequence it has
/// accepted. The same rule as the README shows for stock clients. Sans I/O.
class StreamCursor {
 public:
  enum class Verdict {
    accept,     ///< the next one
    duplicate,  ///< seen before
    gap         ///< something is missing before it: ask for a sync
  };

  /// Moves on by one when the verdict is `accept`.
  Verdict offer(std::uint64_t sequence) {
    if (sequence <= last_) return Verdict::duplicate;
    if (sequence != last_ + 1) return Verdict::gap;
    last_ = sequence;
    return Verdict::accept;
  }
  std::uint64_t last() const { return last_; }

  /// An accepted chunk stands at `last`; what a later withdrawal is measured against.
  void note_chunk() { last_chunk_ = last_; }
  /// Whether a job:resumed with this `keepThrough` takes back chunks that were accepted.
  bool withdraws(std::uint64_t keep_through) const { return last_chunk_ > keep_through; }
  /// After a withdrawal: chunks up to `keep_through` stand.
  void keep_through(std::uint64_t sequence) { last_chunk_ = last_chunk_ > sequence ? sequence : last_chunk_; }

 private:
  std::uint64_t last_ = 0;
  std::uint64_t last_chunk_ = 0;
};

}  // namespace hawser::cli
