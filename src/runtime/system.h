#pragma once

#include <cstddef>

#include "base/loop.h"

namespace hawser::runtime {

/// The real clock (steady_clock and system_clock) and OpenSSL's random generator. Process-wide.
Clock& system_clock();
Random& system_random();

/// Of this process, as the kernel counts them; no disk is touched.
std::size_t resident_bytes();
double cpu_seconds();

/// Raises the limit of open descriptors as far as an ordinary process may, and returns it.
std::size_t raise_descriptor_limit();

}  // namespace hawser::runtime
