#include "worker/search_handler.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "runtime/system.h"
#include "worker/search_input.h"
#include "worker/search_run.h"

namespace hawser::worker {
namespace {

/// After a failed refresh: somebody may be repairing what the log complains about.
constexpr std::chrono::seconds kRetryInterval{60};

class SearchHandler final : public Handler {
 public:
  SearchHandler(std::shared_ptr<SearchIndex> index, Clock& clock) : index_(std::move(index)), clock_(clock) {}

  void keep_fresh(std::chrono::seconds interval) {
    indexer_ = std::jthread([index = index_, interval](const std::stop_token& stop) {
      std::mutex mutex;
      std::condition_variable_any never;
      while (!stop.stop_requested()) {
        // The index itself logs a failure and tells the jobs.
        const bool fresh = index->refresh(stop).has_value();
        std::unique_lock lock(mutex);
        never.wait_for(lock, stop, fresh ? interval : std::min(interval, kRetryInterval),
                       [] { return false; });
      }
    });
  }

  std::string_view type() const override { return "search"; }

  Status validate(std::string_view input) const override {
    if (auto failure = index_->failure()) return std::unexpected(*failure);
    const auto parsed = parse_search_input(input);
    if (!parsed) return std::unexpected(parsed.error());
    return {};
  }

  /// The checkpoint names the generation, so nothing that was sent is withdrawn.
  ResumePlan plan(std::string_view /*input*/, const ResumePoint& /*point*/) const override { return {}; }

  Outcome run(JobContext& context) override { return run_search(context, *index_, clock_); }

 private:
  const std::shared_ptr<SearchIndex> index_;
  Clock& clock_;
  std::jthread indexer_;
};

}  // namespace

std::shared_ptr<Handler> make_search_handler(const SearchOptions& options) {
  auto index =
      std::make_shared<SearchIndex>(options.folder, options.data_dir, options.bounds, options.disk_reserve);
  auto handler = std::make_shared<SearchHandler>(std::move(index), runtime::system_clock());
  handler->keep_fresh(options.refresh_interval);
  return handler;
}

std::shared_ptr<Handler> make_search_handler(std::shared_ptr<SearchIndex> index, Clock& clock) {
  return std::make_shared<SearchHandler>(std::move(index), clock);
}

}  // namespace hawser::worker
