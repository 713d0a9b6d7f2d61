#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/limits.h"

namespace hawser::worker {

/// One dispatched event of a text/event-stream.
struct SseEvent {
  std::string type;  ///< empty when the stream named none
  std::string data;  ///< the data lines, joined by line feeds
};

/// Parses text/event-stream (WHATWG HTML 9.2) from pieces cut at any byte. `id` and `retry` are skipped:
/// nobody reconnects here. Pure; after an error it must not be fed again.
class SseParser {
 public:
  /// Bound of one event, its current line included.
  static constexpr std::size_t kMaxEventBytes = limits::kMiB;

  /// Appends the events that `bytes` completes to `out`. Errors: upstream_failed when an event is too large.
  Status feed(std::string_view bytes, std::vector<SseEvent>& out);

 private:
  void end_line(std::vector<SseEvent>& out);
  void take_field(std::string_view name, std::string_view value);

  std::string line_;
  bool after_cr_ = false;  ///< a line feed now belongs to the line end before it
  bool first_line_ = true;
  SseEvent event_;
  bool has_data_ = false;
};

}  // namespace hawser::worker
