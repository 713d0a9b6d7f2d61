#pragma once

#include <csignal>

namespace hawser::server {

/// SIGTERM, SIGINT and SIGHUP, for a main thread that waits for them. Made before the first thread, so that
/// all have them blocked. From then on a peer that closes does not end the process either (SIGPIPE).
class Signals {
 public:
  Signals();

  /// The number of the one that came.
  int wait() const;
  /// A drain is patient; another signal is not: it ends the process at once. SIGHUP has nothing to say then.
  void end_at_next() const;

 private:
  sigset_t signals_;
};

}  // namespace hawser::server
