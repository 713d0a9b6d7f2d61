#include "worker/test_job.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/limits.h"

namespace hawser::worker {
namespace {

constexpr double kMaxDurationSeconds = 24 * 3600.0;
constexpr double kMaxIntervalMs = 3'600'000.0;
constexpr std::size_t kMaxChunkBytes = limits::kMaxEventPayload / 2;
/// Longer output is left out of the result: it stands in the log anyway.
constexpr std::size_t kMaxResultOutput = limits::kMaxResult / 2;

/// A number field; nothing when it is absent or, as in the original, falsy.
Result<std::optional<double>> number_field(json::View input, std::string_view name, double max) {
  const auto field = input.find(name);
  if (!field || field->is(json::Kind::null)) return std::nullopt;
  const auto value = field->as_number();
  if (!value || !(*value >= 0) || *value > max) {
    return fail(Errc::bad_request, fmt::format("`{}` must be a number from 0 to {:.0f}.", name, max));
  }
  return value;
}

Result<std::uint64_t> count_field(json::View input, std::string_view name, std::uint64_t fallback,
                                  std::uint64_t max) {
  const auto field = input.find(name);
  if (!field || field->is(json::Kind::null)) return fallback;
  const auto value = field->as_integer();
  if (!value || *value < 0 || static_cast<std::uint64_t>(*value) > max) {
    return fail(Errc::bad_request, fmt::format("`{}` must be a whole number from 0 to {}.", name, max));
  }
  return *value == 0 ? fallback : static_cast<std::uint64_t>(*value);
}

std::string result_of(const TestJobInput& input) {
  json::Object result;
  std::string output;
  for (std::uint64_t number = 1; number <= input.chunks && output.size() <= kMaxResultOutput; ++number) {
    output += test_chunk(input, number);
  }
  if (output.size() <= kMaxResultOutput) {
    result.add("output", output);
  } else {
    result.add("outputTruncated", true);
  }
  return std::move(result.add("chunks", input.chunks)).str();
}

Status write_step(JobContext& context, const TestJobInput& input, std::uint64_t number) {
  if (auto done = context.emit(json::quoted(test_chunk(input, number))); !done) return done;
  return context.progress(number, input.chunks);
}

}  // namespace

Result<TestJobInput> TestJobInput::parse(std::string_view text) {
  const json::View input(text);
  if (!input.is(json::Kind::object)) return fail(Errc::bad_request, "The input must be an object.");
  const auto chunks = count_field(input, "chunks", 50, limits::kMaxEventsPerJob);
  if (!chunks) return std::unexpected(chunks.error());
  const auto chunk_bytes = count_field(input, "chunkBytes", 0, kMaxChunkBytes);
  if (!chunk_bytes) return std::unexpected(chunk_bytes.error());
  const auto duration = number_field(input, "duration", kMaxDurationSeconds);
  if (!duration) return std::unexpected(duration.error());
  const auto interval_ms = number_field(input, "intervalMs", kMaxIntervalMs);
  if (!interval_ms) return std::unexpected(interval_ms.error());

  const double seconds = duration->value_or(0) > 0 ? **duration : 10.0;
  const double pause_ms = interval_ms->value_or(seconds * 1000 / static_cast<double>(*chunks));
  const auto pause = std::chrono::nanoseconds(static_cast<std::int64_t>(pause_ms * 1e6));
  return TestJobInput{*chunks, *chunk_bytes, pause};
}

std::string test_chunk(const TestJobInput& input, std::uint64_t number) {
  auto text = fmt::format("Chunk {} of {} ", number, input.chunks);
  if (text.size() < input.chunk_bytes) text.resize(input.chunk_bytes, '.');
  return text;
}

Status TestJob::validate(std::string_view input) const {
  const auto parsed = TestJobInput::parse(input);
  if (!parsed) return std::unexpected(parsed.error());
  return {};
}

ResumePlan TestJob::plan(std::string_view /*input*/, const ResumePoint& /*point*/) const {
  return {};
}

Outcome TestJob::run(JobContext& context) {
  const auto input = TestJobInput::parse(context.input());
  if (!input) return Outcome::failed(input.error());
  auto number = context.resume_point().chunk_count + 1;
  context.checkpoint_with([&number] { return json::Object().add("chunks", number).str(); });
  for (; number <= input->chunks; ++number) {
    const bool go_on = input->interval.count() > 0 ? context.sleep_for(input->interval)
                                                   : !context.stop_token().stop_requested();
    if (!go_on) return Outcome::stopped();
    if (const auto written = write_step(context, *input, number); !written) {
      return context.stop_reason() == StopReason::none ? Outcome::failed(written.error())
                                                       : Outcome::stopped();
    }
  }
  return Outcome::completed(result_of(*input));
}

}  // namespace hawser::worker
