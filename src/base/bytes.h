#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace hawser {

/// Immutable bytes that several readers share: an encoded packet is built once and every connection
/// of the core refers to it. May be released on any thread.
using SharedBytes = std::shared_ptr<const std::string>;

inline SharedBytes share(std::string bytes) {
  return std::make_shared<const std::string>(std::move(bytes));
}

}  // namespace hawser
