#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/message.h"
#include "base/time.h"

namespace hawser::socketio {

/// What a peer answered.
struct AckAnswer {
  json::View payload;  ///< the array; valid during the call
  std::vector<SharedBytes> attachments;
};

/// The answer, or `timeout`. Called at most once.
using AckHandler = std::move_only_function<void(Result<AckAnswer>)>;

/// The acks that one namespace of a connection waits for: ids out, answers in. Answers to unknown ids, a
/// second one to the same for example, are nobody's. Handlers that still wait are dropped with the table.
/// No clock; one thread. A handler may ask again.
class AckTable {
 public:
  explicit AckTable(Duration timeout = limits::kAckTimeout, std::size_t capacity = limits::kMaxPendingAcks)
      : timeout_(timeout), capacity_(capacity) {}

  /// The id for a packet that asks for an ack. Error: overloaded, when too many wait.
  Result<std::uint64_t> add(AckHandler handler, TimePoint now);
  /// False when nobody waits for this id.
  bool answer(std::uint64_t id, AckAnswer answer);
  /// Tells those whose time is over.
  void expire(TimePoint now);
  /// When `expire` has something to do.
  std::optional<TimePoint> next_deadline() const;
  std::size_t size() const { return waiting_.size(); }

 private:
  struct Waiting {
    AckHandler handler;
    TimePoint deadline;
  };

  Duration timeout_;
  std::size_t capacity_;
  std::uint64_t next_id_ = 0;
  std::map<std::uint64_t, Waiting> waiting_;  ///< the order of ids is the order of deadlines
};

}  // namespace hawser::socketio
