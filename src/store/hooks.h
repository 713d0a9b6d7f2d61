#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/error.h"

namespace hawser::store {

/// Called when a write or a sync failed, with a sentence for the operator. Must not return in production.
/// Any thread.
using FatalHook = std::function<void(const std::string& what)>;

/// On which thread groups are committed: one of the store's own, or whichever calls `pump`.
enum class CommitsOn : std::uint8_t { own_thread, pump };

/// Free bytes of the file system that holds the store. Any thread.
using FreeSpace = std::function<Result<std::uint64_t>()>;

}  // namespace hawser::store
