#pragma once

#include "base/bytes.h"
#include "job/event.h"

namespace hawser::session {

/// The Socket.IO EVENT packet of a job event in the default namespace, with the body of the original:
/// `2["job:chunk",{"jobId","payload","sequence","timestamp"}]`. Payloads are relayed as they were stored.
/// The event must be complete.
SharedBytes encode_event(const job::Event& event);

}  // namespace hawser::session
