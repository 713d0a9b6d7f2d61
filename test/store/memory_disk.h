#pragma once

#include <gtest/gtest.h>
#include <rocksdb/env.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

namespace hawser::store {

struct File {
  std::string name;
  std::string bytes;
};

/// The files of a database as a kill would leave them, but for RocksDB's lock.
inline std::vector<File> read_files(const std::string& directory) {
  std::vector<File> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().filename() == "LOCK") continue;
    std::ifstream in(entry.path(), std::ios::binary);
    files.push_back({entry.path().filename(), {std::istreambuf_iterator<char>(in), {}}});
  }
  return files;
}

/// A disk in memory with these files in `directory`, so that hundreds of starts take seconds.
inline std::unique_ptr<rocksdb::Env> disk_with(const std::string& directory, const std::vector<File>& files) {
  std::unique_ptr<rocksdb::Env> env(rocksdb::NewMemEnv(rocksdb::Env::Default()));
  EXPECT_TRUE(env->CreateDirIfMissing(directory).ok());
  for (const auto& [name, bytes] : files) {
    std::unique_ptr<rocksdb::WritableFile> file;
    EXPECT_TRUE(env->NewWritableFile(directory + "/" + name, &file, {}).ok());
    EXPECT_TRUE(file->Append(bytes).ok());
    EXPECT_TRUE(file->Sync().ok());
    EXPECT_TRUE(file->Close().ok());
  }
  return env;
}

}  // namespace hawser::store
