#pragma once

#include <memory>
#include <vector>

#include "base/loop.h"
#include "worker/handler.h"
#include "worker/options.h"
#include "worker/search_handler.h"

namespace hawser::worker {

struct HandlerOptions {
  ExecOptions exec;
  LlmOptions llm;
  SearchOptions search;
};

/// All built-in handlers. A type whose configuration is missing refuses its jobs with a sentence that names
/// the key, so that a job left over from an earlier configuration ends with the same sentence. Starts the
/// indexing thread of `search`. `clock` must outlive them.
std::vector<std::shared_ptr<Handler>> make_handlers(const HandlerOptions& options, Clock& clock);
/// The same on the system clock.
std::vector<std::shared_ptr<Handler>> make_handlers(const HandlerOptions& options);

}  // namespace hawser::worker
