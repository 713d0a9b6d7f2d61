#pragma once

#include <string_view>

#include "base/bytes.h"
#include "job/event.h"

namespace hawser::session {

/// The Socket.IO EVENT packet of a job event in the default namespace, with the body of the original and,
/// when not empty, the offset for connection state recovery (stream_offset.h) behind it:
/// `2["job:chunk",{"jobId","payload","sequence","timestamp"},"offset"]`. Payloads are relayed as they were
/// stored. The event must be complete.
SharedBytes encode_event(const job::Event& event, std::string_view offset);

/// The packet with another offset, or with none when that is empty.
SharedBytes replace_offset(const SharedBytes& packet, std::string_view old_offset, std::string_view offset);

}  // namespace hawser::session
