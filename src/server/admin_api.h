#pragma once

#include <functional>
#include <string>

#include "base/loop.h"
#include "job/job_store.h"
#include "net/server.h"
#include "server/admin_request.h"
#include "session/auth.h"

namespace hawser::server {

/// What administrators see and do, under /admin/: jobs of all users, their logs, the queues, and to run
/// again, cancel or delete one. Only with a token of theirs (Authenticator::verify_admin); everybody else
/// learns not even which paths there are. Nothing here is for browsers of other pages, so there are no CORS
/// headers.
///
/// Answers are JSON; a refusal is {"error","code"} with a status that fits. Reads run on `readers`. Any loop.
class AdminApi {
 public:
  AdminApi(job::JobStore& store, WorkPool& readers, const session::Authenticator& authenticator, Clock& clock)
      : store_(store), readers_(readers), authenticator_(authenticator), clock_(clock) {}

  /// As net::HttpService. The references must outlive the answers.
  bool handle(const net::HttpRequest& request, const net::HttpRespond& respond);

 private:
  using Respond = net::HttpRespond;
  Result<std::string> read(const admin::ListJobs& request);
  Result<std::string> read(const admin::ShowJob& request);
  Result<std::string> read(const admin::ShowEvents& request);
  Result<std::string> read(const admin::ShowQueues& request);
  Result<job::JobRecord> find(const JobId& id);
  /// Makes the command once the job is found.
  void command(const JobId& id, const std::function<job::Command(const job::JobRecord&)>& make,
               const Respond& respond);

  void run(const admin::RetryJob& request, const Respond& respond);
  void run(const admin::CancelJob& request, const Respond& respond);
  void run(const admin::PurgeJob& request, const Respond& respond);
  template <class Read>
  void run(const Read& request, const Respond& respond);

  job::JobStore& store_;
  WorkPool& readers_;
  const session::Authenticator& authenticator_;
  Clock& clock_;
};

}  // namespace hawser::server
