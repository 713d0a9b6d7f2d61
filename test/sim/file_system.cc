#include "test/sim/file_system.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace hawser::sim {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

std::string_view text(const Slice& slice) {
  return {slice.data(), slice.size()};
}

IOStatus status_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::done: return IOStatus::OK();
    case Outcome::no_space: return IOStatus::NoSpace("simulated: no space left on device");
    case Outcome::io_error: return IOStatus::IOError("simulated: input/output error");
    case Outcome::dead: break;
  }
  return IOStatus::IOError("simulated: the machine is down");
}

IOStatus missing(const std::string& path) {
  return IOStatus::PathNotFound(path);
}

void copy_out(const std::string& bytes, char* scratch, Slice* result) {
  std::memcpy(scratch, bytes.data(), bytes.size());
  *result = Slice(scratch, bytes.size());
}

class SequentialFile final : public rocksdb::FSSequentialFile {
 public:
  SequentialFile(Disk& disk, Disk::File file) : disk_(disk), file_(std::move(file)) {}

  IOStatus Read(std::size_t size, const IOOptions&, Slice* result, char* scratch, IODebugContext*) override {
    copy_out(disk_.read(file_, at_, size), scratch, result);
    at_ += result->size();
    return IOStatus::OK();
  }
  IOStatus Skip(std::uint64_t size) override {
    at_ += size;
    return IOStatus::OK();
  }

 private:
  Disk& disk_;
  Disk::File file_;
  std::uint64_t at_ = 0;
};

class RandomAccessFile final : public rocksdb::FSRandomAccessFile {
 public:
  RandomAccessFile(Disk& disk, Disk::File file) : disk_(disk), file_(std::move(file)) {}

  IOStatus Read(std::uint64_t offset, std::size_t size, const IOOptions&, Slice* result, char* scratch,
                IODebugContext*) const override {
    copy_out(disk_.read(file_, offset, size), scratch, result);
    return IOStatus::OK();
  }

 private:
  Disk& disk_;
  Disk::File file_;
};

class WritableFile final : public rocksdb::FSWritableFile {
 public:
  WritableFile(Disk& disk, Disk::File file) : disk_(disk), file_(std::move(file)) {}

  using FSWritableFile::Append;
  IOStatus Append(const Slice& data, const IOOptions&, IODebugContext*) override {
    return status_of(disk_.append(file_, text(data)));
  }
  IOStatus Truncate(std::uint64_t size, const IOOptions&, IODebugContext*) override {
    // RocksDB cuts off what it has not written beyond when it closes a file.
    if (size == disk_.size(file_)) return IOStatus::OK();
    return status_of(disk_.truncate(file_, size));
  }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Flush(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Sync(const IOOptions&, IODebugContext*) override { return status_of(disk_.sync(file_)); }
  std::uint64_t GetFileSize(const IOOptions&, IODebugContext*) override { return disk_.size(file_); }

 private:
  Disk& disk_;
  Disk::File file_;
};

class Directory final : public rocksdb::FSDirectory {
 public:
  Directory(Disk& disk, std::string path) : disk_(disk), path_(std::move(path)) {}
  IOStatus Fsync(const IOOptions&, IODebugContext*) override {
    return status_of(disk_.sync_directory(path_));
  }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }

 private:
  Disk& disk_;
  std::string path_;
};

class SilentLogger final : public rocksdb::Logger {
 public:
  using Logger::Logv;
  void Logv(const char*, va_list) override {}
  std::size_t GetLogFileSize() const override { return 0; }
};

class NoLock final : public rocksdb::FileLock {};

/// RocksDB writes some paths with a slash at their end.
std::string plain(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  for (auto at = path.find("//"); at != std::string::npos; at = path.find("//")) path.erase(at, 1);
  return path;
}

template <class File, class Made>
IOStatus open_file(Disk& disk, const std::string& name, std::unique_ptr<File>* file) {
  auto found = disk.open(plain(name));
  if (!found) return missing(name);
  *file = std::make_unique<Made>(disk, std::move(found));
  return IOStatus::OK();
}

}  // namespace

IOStatus SimFileSystem::NewSequentialFile(const std::string& name, const rocksdb::FileOptions&,
                                          std::unique_ptr<rocksdb::FSSequentialFile>* file, IODebugContext*) {
  return open_file<rocksdb::FSSequentialFile, SequentialFile>(disk_, name, file);
}

IOStatus SimFileSystem::NewRandomAccessFile(const std::string& name, const rocksdb::FileOptions&,
                                            std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                            IODebugContext*) {
  return open_file<rocksdb::FSRandomAccessFile, RandomAccessFile>(disk_, name, file);
}

IOStatus SimFileSystem::NewWritableFile(const std::string& name, const rocksdb::FileOptions&,
                                        std::unique_ptr<rocksdb::FSWritableFile>* file, IODebugContext*) {
  Disk::File made;
  const auto outcome = disk_.create(plain(name), made);
  if (outcome == Outcome::done) *file = std::make_unique<WritableFile>(disk_, std::move(made));
  return status_of(outcome);
}

IOStatus SimFileSystem::ReopenWritableFile(const std::string& name, const rocksdb::FileOptions&,
                                           std::unique_ptr<rocksdb::FSWritableFile>* file, IODebugContext*) {
  return open_file<rocksdb::FSWritableFile, WritableFile>(disk_, name, file);
}

IOStatus SimFileSystem::NewDirectory(const std::string& name, const IOOptions&,
                                     std::unique_ptr<rocksdb::FSDirectory>* directory, IODebugContext*) {
  *directory = std::make_unique<Directory>(disk_, plain(name));
  return IOStatus::OK();
}

IOStatus SimFileSystem::FileExists(const std::string& name, const IOOptions&, IODebugContext*) {
  const auto path = plain(name);
  return disk_.open(path) || disk_.is_directory(path) ? IOStatus::OK() : IOStatus::NotFound(name);
}

IOStatus SimFileSystem::GetChildren(const std::string& directory, const IOOptions&,
                                    std::vector<std::string>* names, IODebugContext*) {
  const auto path = plain(directory);
  if (!disk_.is_directory(path)) return IOStatus::NotFound(directory);
  *names = disk_.children(path);
  return IOStatus::OK();
}

IOStatus SimFileSystem::DeleteFile(const std::string& name, const IOOptions&, IODebugContext*) {
  const auto path = plain(name);
  if (!disk_.open(path)) return missing(name);
  return status_of(disk_.remove(path));
}

IOStatus SimFileSystem::CreateDir(const std::string& name, const IOOptions& options,
                                  IODebugContext* context) {
  return CreateDirIfMissing(name, options, context);
}

IOStatus SimFileSystem::CreateDirIfMissing(const std::string& name, const IOOptions&, IODebugContext*) {
  return status_of(disk_.make_directory(plain(name)));
}

IOStatus SimFileSystem::DeleteDir(const std::string&, const IOOptions&, IODebugContext*) {
  return IOStatus::NotSupported("DeleteDir");
}

IOStatus SimFileSystem::GetFileSize(const std::string& name, const IOOptions&, std::uint64_t* size,
                                    IODebugContext*) {
  const auto file = disk_.open(plain(name));
  if (!file) return missing(name);
  *size = disk_.size(file);
  return IOStatus::OK();
}

IOStatus SimFileSystem::GetFileModificationTime(const std::string&, const IOOptions&, std::uint64_t* time,
                                                IODebugContext*) {
  *time = 0;
  return IOStatus::OK();
}

IOStatus SimFileSystem::RenameFile(const std::string& from, const std::string& to, const IOOptions&,
                                   IODebugContext*) {
  return status_of(disk_.rename(plain(from), plain(to)));
}

IOStatus SimFileSystem::LockFile(const std::string&, const IOOptions&, rocksdb::FileLock** lock,
                                 IODebugContext*) {
  *lock = new NoLock;  // The simulation has one server at a time.
  return IOStatus::OK();
}

IOStatus SimFileSystem::UnlockFile(rocksdb::FileLock* lock, const IOOptions&, IODebugContext*) {
  delete lock;
  return IOStatus::OK();
}

IOStatus SimFileSystem::GetTestDirectory(const IOOptions&, std::string* path, IODebugContext*) {
  *path = "/";
  return IOStatus::OK();
}

IOStatus SimFileSystem::NewLogger(const std::string&, const IOOptions&,
                                  std::shared_ptr<rocksdb::Logger>* logger, IODebugContext*) {
  *logger = std::make_shared<SilentLogger>();
  return IOStatus::OK();
}

IOStatus SimFileSystem::GetAbsolutePath(const std::string& path, const IOOptions&, std::string* absolute,
                                        IODebugContext*) {
  *absolute = path;
  return IOStatus::OK();
}

IOStatus SimFileSystem::GetFreeSpace(const std::string&, const IOOptions&, std::uint64_t* bytes,
                                     IODebugContext*) {
  *bytes = disk_.free_bytes();
  return IOStatus::OK();
}

IOStatus SimFileSystem::IsDirectory(const std::string& path, const IOOptions&, bool* is_directory,
                                    IODebugContext*) {
  *is_directory = disk_.is_directory(plain(path));
  return IOStatus::OK();
}

SimEnv::SimEnv(Disk& disk) : EnvWrapper(rocksdb::NewCompositeEnv(std::make_shared<SimFileSystem>(disk))) {
  file_system_ = target()->GetFileSystem();
  system_clock_ = target()->GetSystemClock();
}

void SimEnv::Schedule(void (*)(void*), void* argument, Priority priority, void* tag,
                      void (*unschedule)(void*)) {
  const std::lock_guard lock(mutex_);
  jobs_.push_back({.argument = argument, .priority = priority, .tag = tag, .unschedule = unschedule});
}

int SimEnv::UnSchedule(void* tag, Priority priority) {
  const std::lock_guard lock(mutex_);
  const auto kept = std::ranges::remove_if(jobs_, [&](const Job& job) {
    const bool taken = job.tag == tag && job.priority == priority;
    if (taken && job.unschedule != nullptr) job.unschedule(job.argument);
    return taken;
  });
  const auto count = static_cast<int>(kept.size());
  jobs_.erase(kept.begin(), kept.end());
  return count;
}

void SimEnv::StartThread(void (*)(void*), void*) {
  std::abort();  // Nothing of ours asks for one; a thread would end determinism.
}

}  // namespace hawser::sim
