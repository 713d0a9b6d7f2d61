#pragma once

#include <cstdint>

namespace hawser::job {

/// Where the output of a new run joins the log.
enum class ContinueFrom : std::uint8_t {
  last_event,  ///< exactly behind the last durable event: nothing is withdrawn
  checkpoint,  ///< output behind the newest standing checkpoint is withdrawn
  beginning,   ///< all output is withdrawn
};

}  // namespace hawser::job
