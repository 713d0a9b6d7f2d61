#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "worker/handler.h"

namespace hawser::worker {

/// The simulated job of the original system (original-contract 1.2), for trials and load tests:
/// {"duration", "chunks", "chunkBytes"?, "intervalMs"?}. The text of a chunk depends on its number alone, so
/// an interrupted run goes on exactly behind the last durable chunk.
class TestJob final : public Handler {
 public:
  std::string_view type() const override { return "test-job"; }
  Status validate(std::string_view input) const override;
  ResumePlan plan(std::string_view input, const ResumePoint& point) const override;
  Outcome run(JobContext& context) override;
};

struct TestJobInput {
  std::uint64_t chunks = 50;
  std::uint64_t chunk_bytes = 0;  ///< chunks shorter than this are padded
  std::chrono::nanoseconds interval{};

  static Result<TestJobInput> parse(std::string_view input);
};

/// The chunk with this number, counted from 1.
std::string test_chunk(const TestJobInput& input, std::uint64_t number);

}  // namespace hawser::worker
