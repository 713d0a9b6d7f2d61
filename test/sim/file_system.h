#pragma once

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <memory>
#include <string>
#include <vector>

#include "test/sim/disk.h"

namespace hawser::sim {

/// RocksDB's view of a Disk.
class SimFileSystem final : public rocksdb::FileSystem {
 public:
  explicit SimFileSystem(Disk& disk) : disk_(disk) {}
  const char* Name() const override { return "SimFileSystem"; }

  using Options = rocksdb::IOOptions;
  using Context = rocksdb::IODebugContext;
  using Status = rocksdb::IOStatus;

  Status NewSequentialFile(const std::string& name, const rocksdb::FileOptions&,
                           std::unique_ptr<rocksdb::FSSequentialFile>* file, Context*) override;
  Status NewRandomAccessFile(const std::string& name, const rocksdb::FileOptions&,
                             std::unique_ptr<rocksdb::FSRandomAccessFile>* file, Context*) override;
  Status NewWritableFile(const std::string& name, const rocksdb::FileOptions&,
                         std::unique_ptr<rocksdb::FSWritableFile>* file, Context*) override;
  Status ReopenWritableFile(const std::string& name, const rocksdb::FileOptions&,
                            std::unique_ptr<rocksdb::FSWritableFile>* file, Context*) override;
  Status NewDirectory(const std::string& name, const Options&,
                      std::unique_ptr<rocksdb::FSDirectory>* directory, Context*) override;
  Status FileExists(const std::string& name, const Options&, Context*) override;
  Status GetChildren(const std::string& directory, const Options&, std::vector<std::string>* names,
                     Context*) override;
  Status DeleteFile(const std::string& name, const Options&, Context*) override;
  Status CreateDir(const std::string& name, const Options&, Context*) override;
  Status CreateDirIfMissing(const std::string& name, const Options&, Context*) override;
  Status DeleteDir(const std::string&, const Options&, Context*) override;
  Status GetFileSize(const std::string& name, const Options&, std::uint64_t* size, Context*) override;
  Status GetFileModificationTime(const std::string&, const Options&, std::uint64_t* time, Context*) override;
  Status RenameFile(const std::string& from, const std::string& to, const Options&, Context*) override;
  Status LockFile(const std::string& name, const Options&, rocksdb::FileLock** lock, Context*) override;
  Status UnlockFile(rocksdb::FileLock* lock, const Options&, Context*) override;
  Status GetTestDirectory(const Options&, std::string* path, Context*) override;
  Status NewLogger(const std::string&, const Options&, std::shared_ptr<rocksdb::Logger>* logger,
                   Context*) override;
  Status GetAbsolutePath(const std::string& path, const Options&, std::string* absolute, Context*) override;
  Status GetFreeSpace(const std::string&, const Options&, std::uint64_t* bytes, Context*) override;
  Status IsDirectory(const std::string& path, const Options&, bool* is_directory, Context*) override;

 private:
  Disk& disk_;
};

/// An environment for RocksDB on a Disk in which nothing runs in the background: jobs for other threads are
/// kept and forgotten at the end, as if they had never had their turn.
class SimEnv final : public rocksdb::EnvWrapper {
 public:
  explicit SimEnv(Disk& disk);

  void Schedule(void (*function)(void*), void* argument, Priority priority, void* tag,
                void (*unschedule)(void*)) override;
  int UnSchedule(void* tag, Priority priority) override;
  void StartThread(void (*function)(void*), void* argument) override;
  void SetBackgroundThreads(int, Priority) override {}
  void IncBackgroundThreadsIfNeeded(int, Priority) override {}

 private:
  struct Job {
    void* argument = nullptr;
    Priority priority = LOW;
    void* tag = nullptr;
    void (*unschedule)(void*) = nullptr;
  };
  std::mutex mutex_;
  std::vector<Job> jobs_;
};

}  // namespace hawser::sim
