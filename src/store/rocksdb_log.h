#pragma once

#include <rocksdb/env.h>

namespace hawser::store {

/// Takes what RocksDB has to say into our log, its warnings at level debug: what matters of them reaches us
/// as errors of calls. It writes no file of its own, as RocksDB's would: on a full disk the line that says so
/// cannot be written either, and the library's file writer aborts the process for that, before we can say why
/// it ends.
class RocksDbLog final : public rocksdb::Logger {
 public:
  RocksDbLog() : Logger(rocksdb::InfoLogLevel::WARN_LEVEL) {}

  using Logger::Logv;
  void Logv(const char* format, va_list arguments) override;
};

}  // namespace hawser::store
