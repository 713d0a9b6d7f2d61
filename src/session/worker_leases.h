#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/id.h"
#include "job/job_store.h"

namespace hawser::session {

/// The jobs whose leases a worker has shown on one connection, at most kMaxWorkerJobs, and what it has sent
/// for them that is not committed yet. A convenience: what a worker may do stands in its leases and in the
/// store. Lives on its core.
class WorkerLeases {
 public:
  struct Lease {
    JobId job;
    std::uint64_t epoch = 0;
  };

  /// Handed out here; given back with the connection unless it has begun.
  void add(const Lease& lease) { see(lease, false); }
  /// Shown by the worker, who may have had it before this connection.
  void see(const Lease& lease) { see(lease, true); }
  void begin(const Lease& lease);
  void remove(const Lease& lease);
  /// The lease that this one took away, if the worker has it.
  std::optional<Lease> revoke(const job::Revoked& revoked);

  /// Makes room in the window of the job. Errors: overloaded.
  Status send(const Lease& lease, std::size_t events, std::size_t bytes);
  void settle(const Lease& lease, std::size_t events, std::size_t bytes);

  std::size_t size() const { return held_.size(); }
  std::vector<Lease> not_begun() const;

 private:
  struct Held {
    std::uint64_t epoch = 0;
    bool begun = true;
    std::size_t events = 0;  ///< sent and not committed
    std::size_t bytes = 0;
  };

  void see(const Lease& lease, bool begun);
  Held* find(const Lease& lease);

  std::map<JobId, Held> held_;
  std::size_t bytes_ = 0;
};

}  // namespace hawser::session
