#pragma once

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace hawser::net {

/// What a connection has still to write: small headers of its own, each followed by a shared body.
/// Owned by one connection; no I/O.
class WriteQueue {
 public:
  static constexpr std::size_t kMaxHeader = 15;

  /// `header` is copied (at most kMaxHeader bytes); `body` may be null.
  void push(std::string_view header, SharedBytes body);
  std::size_t bytes() const { return bytes_; }
  bool empty() const { return bytes_ == 0; }
  /// Fills `out` with the front of the queue for one gathered write; returns how many entries it used.
  std::size_t gather(std::span<iovec> out) const;
  /// Copies bytes from the front into `out`; returns how many.
  std::size_t copy_front(std::span<char> out) const;
  /// The first `count` bytes were written.
  void consume(std::size_t count);
  /// Drops everything but the item that is written in part.
  void discard_unstarted();

 private:
  struct Item {
    std::array<char, kMaxHeader> header;
    std::uint8_t header_size;
    SharedBytes body;

    std::size_t size() const { return header_size + (body ? body->size() : 0); }
  };

  std::vector<Item> items_;
  std::size_t first_ = 0;   ///< index of the front; items before it are written
  std::size_t offset_ = 0;  ///< bytes of the front that are written
  std::size_t bytes_ = 0;
};

}  // namespace hawser::net
