// Runs jobs of the type `count`, input {"to": 100}, for a server whose worker.remote_types names it:
//   HAWSER_URL=http://127.0.0.1:3000 HAWSER_TOKEN=$(hawser token --worker counter --type count) count_worker
#include <hawser/worker.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>

namespace {

/// Real handlers read their input with the JSON library of their choice.
int read_number(std::string_view json, std::string_view name) {
  const auto at = json.find(name);
  return at == std::string_view::npos ? -1 : std::atoi(json.data() + json.find(':', at) + 1);
}

class Count final : public hawser::Handler {
 public:
  std::string_view type() const override { return "count"; }
  hawser::Status validate(std::string_view) const override { return {}; }

  /// Each chunk is a number, so a later run goes on exactly behind the last one that stands.
  hawser::ResumePlan plan(std::string_view, const hawser::ResumePoint&) const override {
    return {hawser::ContinueFrom::last_event, {}};
  }

  hawser::Outcome run(hawser::JobContext& job) override {
    const int to = read_number(job.input(), "\"to\"");
    if (to < 0) return hawser::Outcome::failed({hawser::Errc::bad_request, "The input needs a number `to`."});
    for (auto i = static_cast<int>(job.resume_point().chunk_count); i < to; ++i) {
      if (!job.emit(std::to_string(i)) || !job.sleep_for(std::chrono::milliseconds(10))) {
        return hawser::Outcome::stopped();
      }
    }
    return hawser::Outcome::completed("{\"total\":" + std::to_string(to) + "}");
  }
};

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

int main() {
  auto worker = hawser::Worker::make({.url = variable("HAWSER_URL"), .token = variable("HAWSER_TOKEN")},
                                     {std::make_shared<Count>()});
  const auto status = worker ? (*worker)->run() : std::unexpected(worker.error());
  if (status) return EXIT_SUCCESS;
  std::cerr << status.error().message << '\n';
  std::_Exit(
      EXIT_FAILURE);  // A handler that did not return in time still uses what the destructors would end.
}
