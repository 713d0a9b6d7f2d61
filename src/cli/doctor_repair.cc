// What the doctor does to a damaged store, and how it tells it.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "cli/doctor.h"
#include "runtime/system.h"
#include "store/directory_lock.h"
#include "store/store_repair.h"

namespace hawser::cli {
namespace {

/// More than this nobody reads; the copies hold the rest.
constexpr std::size_t kMostJobs = 100;
constexpr const char* kSubject = "repair";

Finding told(std::string text) {
  return {Verdict::warning, kSubject, std::move(text)};
}

std::string to_text(const store::RepairReport::LostJob& job) {
  const auto whose = job.owner.empty() ? std::string() : fmt::format(" of {}", job.owner);
  if (!job.exists) return fmt::format("{}{} is lost", job.id.to_string(), whose);
  if (job.lost <= job.kept) return fmt::format("{}{} lost its latest change", job.id.to_string(), whose);
  return fmt::format("{}{} lost its events {} to {}", job.id.to_string(), whose, job.kept + 1, job.lost);
}

void tell_lost(const store::RepairReport& report, std::vector<Finding>& findings) {
  for (const auto& cut : report.cuts) {
    findings.push_back(
        told(fmt::format("{}: bytes {} to {} are lost", std::filesystem::path(cut.path).filename().string(),
                         cut.from, cut.to)));
  }
  for (const auto& job : report.lost) {
    if (&job - report.lost.data() == kMostJobs) break;
    findings.push_back(told(to_text(job)));
  }
  if (report.lost.size() > kMostJobs) {
    findings.push_back(told(fmt::format("{} more jobs lost events", report.lost.size() - kMostJobs)));
  }
  if (report.unreadable_bytes > 0) {
    findings.push_back(told(fmt::format("{} bytes cannot be read: they may have held events of other jobs",
                                        report.unreadable_bytes)));
  }
}

std::vector<Finding> tell(const store::RepairReport& report) {
  if (report.copies.empty()) return {{Verdict::ok, kSubject, "nothing to repair"}};
  std::vector<Finding> findings;
  if (report.interrupted) findings.push_back(told("an earlier repair was interrupted; this one finished it"));
  tell_lost(report, findings);
  if (!report.ended.empty()) {
    findings.push_back(told(fmt::format(
        "{} unfinished jobs were cancelled, since some of their events may be lost", report.ended.size())));
  }
  if (report.index_rebuilt) findings.push_back(told("the index was made anew from the records of all jobs"));
  for (const auto& id : report.damaged) {
    if (&id - report.damaged.data() == kMostJobs) break;
    findings.push_back(told(fmt::format("{} is damaged: it cannot be read or run", id.to_string())));
  }
  findings.push_back(told("clients start again at the head of their streams"));
  findings.push_back(told(fmt::format(
      "the files as they were are in {}; remove it when nobody needs it any more", report.copies)));
  return findings;
}

}  // namespace

std::vector<Finding> repair(const server::Config& config) {
  const auto& directory = config.server.data_dir;
  std::error_code error;
  if (config.store.kind == "memory" || !std::filesystem::exists(directory + "/jobs", error)) {
    return {{Verdict::ok, kSubject, "there is no store to repair"}};
  }
  const auto lock = store::DirectoryLock::acquire(directory);
  if (!lock) return {{Verdict::failure, kSubject, lock.error().message}};
  const auto report =
      store::repair_store({.directory = directory}, runtime::system_clock(), runtime::system_random());
  if (!report) return {{Verdict::failure, kSubject, report.error().message}};
  return tell(*report);
}

}  // namespace hawser::cli
