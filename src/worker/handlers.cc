#include "worker/handlers.h"

#include <string>
#include <utility>

#include "runtime/system.h"
#include "worker/exec.h"
#include "worker/llm.h"
#include "worker/test_job.h"

namespace hawser::worker {
namespace {

/// Stands in for a handler that has nothing to work with.
class UnconfiguredHandler final : public Handler {
 public:
  UnconfiguredHandler(std::string type, std::string sentence)
      : type_(std::move(type)), error_{Errc::unknown_type, std::move(sentence)} {}

  std::string_view type() const override { return type_; }
  Status validate(std::string_view /*input*/) const override { return std::unexpected(error_); }
  ResumePlan plan(std::string_view /*input*/, const ResumePoint& /*point*/) const override {
    return {job::ContinueFrom::last_event, error_};
  }
  Outcome run(JobContext& /*context*/) override { return Outcome::failed(error_); }

 private:
  const std::string type_;
  const Error error_;
};

std::shared_ptr<Handler> make_search(const SearchOptions& options) {
  if (!options.folder.empty()) return make_search_handler(options);
  return std::make_shared<UnconfiguredHandler>(
      "search", "No folder to search is configured; set search.folder or start with --search-folder.");
}

std::shared_ptr<Handler> make_exec(const ExecOptions& options, Clock& clock) {
  if (!options.commands.empty()) return std::make_shared<Exec>(options, clock);
  return std::make_shared<UnconfiguredHandler>(
      "exec", "No commands are configured; add an [exec.commands.NAME] section with argv.");
}

std::shared_ptr<Handler> make_llm(const LlmOptions& options, Clock& clock) {
  if (!options.base_url.empty()) return std::make_shared<Llm>(options, clock);
  return std::make_shared<UnconfiguredHandler>("llm", "No model endpoint is configured; set llm.base_url.");
}

}  // namespace

std::vector<std::shared_ptr<Handler>> make_handlers(const HandlerOptions& options, Clock& clock) {
  return {make_search(options.search), make_exec(options.exec, clock), make_llm(options.llm, clock),
          std::make_shared<TestJob>()};
}

std::vector<std::shared_ptr<Handler>> make_handlers(const HandlerOptions& options) {
  return make_handlers(options, runtime::system_clock());
}

}  // namespace hawser::worker
