#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"

namespace hawser::session {

/// How far a socket has been sent its owner's events: everything up to `position`, but of the `listed` jobs,
/// which a catch-up sends apart, only what is up to their sequence (DESIGN 4).
struct StreamOffset {
  struct Cursor {
    JobId job;
    std::uint64_t sequence = 0;
    bool operator==(const Cursor&) const = default;
  };

  std::uint64_t position = 0;
  std::vector<Cursor> listed;  ///< at most limits::kMaxCatchUps, each job once
  bool operator==(const StreamOffset&) const = default;
};

/// `incarnation.position` and `;job:sequence` for each listed job. Opaque to clients; needs no escaping in
/// JSON. Positions of another incarnation of the store say nothing about this one.
std::string format_offset(std::string_view incarnation, const StreamOffset& offset);

/// Nothing when the text is malformed or of another incarnation. It comes from the client and proves nothing.
std::optional<StreamOffset> parse_offset(std::string_view incarnation, std::string_view text);

}  // namespace hawser::session
