#pragma once

#include "base/loop.h"

namespace hawser::runtime {

/// The real clock (steady_clock and system_clock) and OpenSSL's random generator. Process-wide.
Clock& system_clock();
Random& system_random();

}  // namespace hawser::runtime
