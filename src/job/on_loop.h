#pragma once

#include <utility>

#include "base/loop.h"
#include "job/job_store.h"

namespace hawser::job {

/// A completion for the store that brings the reply back to the caller's core: `done(Result<Reply>)` runs on
/// `loop`, in a later turn.
template <class Done>
Completion on_loop(Loop& loop, Done done) {
  return [&loop, done = std::move(done)](Result<Reply> result) mutable {
    loop.post([done = std::move(done), result = std::move(result)]() mutable { done(std::move(result)); });
  };
}

}  // namespace hawser::job
