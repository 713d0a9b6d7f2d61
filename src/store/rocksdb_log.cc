#include "store/rocksdb_log.h"

#include <spdlog/spdlog.h>

#include <array>
#include <cstdarg>
#include <cstdio>

namespace hawser::store {

void RocksDbLog::Logv(const char* format, va_list arguments) {
  if (!spdlog::should_log(spdlog::level::debug)) return;
  std::array<char, 1024> text{};
  if (std::vsnprintf(text.data(), text.size(), format, arguments) > 0)
    spdlog::debug("rocksdb: {}", text.data());
}

}  // namespace hawser::store
