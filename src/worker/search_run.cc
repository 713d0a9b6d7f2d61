#include "worker/search_run.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/json.h"
#include "worker/search_generation.h"
#include "worker/search_input.h"

namespace hawser::worker {
namespace {

/// The job's first checkpoint is what a continuation needs; later ones show a client how far it is.
constexpr std::uint64_t kChunksPerCheckpoint = 50;
constexpr Millis kIndexingReportInterval{200};

/// What a checkpoint says: {"generation":3,"rank":50,"order":"8d02ec178b1f2258"}.
struct SavedState {
  std::uint64_t generation = 0;
  std::uint64_t order = 0;  ///< RankedHits::fingerprint; in hexadecimal, as it exceeds JSON's safe integers
};

std::string to_json(const SavedState& state, std::uint64_t rank) {
  return json::Object()
      .add("generation", state.generation)
      .add("rank", rank)
      .add("order", fmt::format("{:016x}", state.order))
      .str();
}

std::optional<SavedState> parse_state(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  const auto value = json::validate(*text);
  if (!value) return std::nullopt;
  const auto generation = value->find("generation");
  const auto number = generation ? generation->as_integer() : std::nullopt;
  const auto order = value->find("order");
  const auto digits = order ? order->as_string() : std::nullopt;
  if (!number || *number < 1 || !digits) return std::nullopt;
  SavedState state{.generation = static_cast<std::uint64_t>(*number)};
  const auto end = digits->data() + digits->size();
  const auto [rest, error] = std::from_chars(digits->data(), end, state.order, 16);
  if (error != std::errc() || rest != end) return std::nullopt;
  return state;
}

/// Keeps a rate without drift: what is late does not make the later ones late.
class Pace {
 public:
  Pace(Clock& clock, std::optional<double> rate) : clock_(clock), rate_(rate), start_(clock.now()) {}

  /// Waits until number `count` of this run, from 0, is due. False when the job must stop.
  bool wait(JobContext& context, std::uint64_t count) const {
    if (!rate_) return !context.stop_token().stop_requested();
    const std::chrono::duration<double> offset(static_cast<double>(count) / *rate_);
    const auto due = start_ + std::chrono::duration_cast<Duration>(offset);
    const auto remaining = due - clock_.now();
    if (remaining > Duration::zero()) return context.sleep_for(remaining);
    return !context.stop_token().stop_requested();
  }

 private:
  Clock& clock_;
  const std::optional<double> rate_;
  const TimePoint start_;
};

std::string to_json(const SearchHit& hit, std::uint64_t rank) {
  std::string snippet = "[";
  for (const auto& part : hit.snippet) {
    if (snippet.size() > 1) snippet += ',';
    json::append_string(snippet, part);
  }
  snippet += ']';
  return json::Object()
      .add("rank", rank)
      .add("file", hit.file)
      .add("line", hit.line)
      .raw("snippet", snippet)
      .str();
}

class Run {
 public:
  Run(JobContext& context, const SearchIndex& index, Clock& clock)
      : context_(context),
        index_(index),
        clock_(clock),
        sent_(context.resume_point().chunk_count),
        saved_(parse_state(context.resume_point().checkpoint)) {}

  Outcome operator()() {
    const auto status = run();
    if (status) {
      return Outcome::completed(
          json::Object().add("hits", total()).add("generation", generation_->number).str());
    }
    if (context_.stop_token().stop_requested()) return Outcome::stopped();
    return Outcome::failed(status.error());
  }

 private:
  std::uint64_t total() const { return ranked_.passages.size(); }

  Status run() {
    auto input = parse_search_input(context_.input());
    if (!input) return std::unexpected(input.error());
    if (auto status = choose_generation(); !status) return status;
    auto opened = SearchGeneration::open(generation_->path);
    if (!opened) return std::unexpected(opened.error());
    auto ranked = opened->rank(input->query, input->limit, context_.stop_token());
    if (!ranked) return std::unexpected(ranked.error());
    ranked_ = std::move(*ranked);
    if (auto status = pin_order(); !status) return status;
    return stream(*opened, *input);
  }

  /// The one that the job began with; the newest, if the job has no output yet.
  Status choose_generation() {
    if (saved_) generation_ = index_.pin(saved_->generation);
    if (generation_) return {};
    saved_.reset();
    if (sent_ > 0) {
      return fail(Errc::interrupted,
                  "The search index this job began with has been replaced too often since; search again.");
    }
    return wait_for_generation();
  }

  Status wait_for_generation() {
    while (!(generation_ = index_.current())) {
      if (auto failure = index_.failure()) return std::unexpected(*failure);
      if (context_.stop_token().stop_requested()) return stopped();
      const auto [done, all] = index_.progress();
      const auto message = all > 0 ? fmt::format("Indexing {} of {} files", done, all) : "Indexing files";
      if (auto status = context_.progress(done, all, message); !status) return status;
      index_.wait(kIndexingReportInterval, context_.stop_token());
    }
    return {};
  }

  /// Before the first chunk the order is written down; before a continued one it is compared.
  Status pin_order() {
    if (!saved_) {
      saved_ = SavedState{generation_->number, ranked_.fingerprint};
      return context_.checkpoint(to_json(*saved_, sent_));
    }
    if (saved_->order == ranked_.fingerprint && sent_ <= total()) return {};
    if (sent_ == 0) {
      saved_.reset();
      return pin_order();
    }
    return fail(Errc::interrupted,
                "The search index no longer gives the hits in the order this job began with; search again.");
  }

  Status stream(const SearchGeneration& generation, const SearchInput& input) {
    const auto message = ranked_.found > total() ? fmt::format("{} of {} hits", total(), ranked_.found)
                                                 : fmt::format("{} hits", total());
    const Pace pace(clock_, input.rate_per_second);
    for (const auto first = sent_; sent_ < total();) {
      if (!pace.wait(context_, sent_ - first)) return stopped();
      const auto hit = generation.load(input.query, ranked_.passages[sent_]);
      if (!hit) return std::unexpected(hit.error());
      if (auto status = context_.emit(to_json(*hit, ++sent_)); !status) return status;
      if (auto status = context_.progress(sent_, total(), message); !status) return status;
      if (sent_ % kChunksPerCheckpoint != 0) continue;
      if (auto status = context_.checkpoint(to_json(*saved_, sent_)); !status) return status;
    }
    return {};
  }

  static Status stopped() { return fail(Errc::shutting_down, "The search was asked to stop."); }

  JobContext& context_;
  const SearchIndex& index_;
  Clock& clock_;
  std::uint64_t sent_;  ///< chunks in the log, those of earlier runs included
  std::optional<SavedState> saved_;
  GenerationPin generation_;
  RankedHits ranked_;
};

}  // namespace

Outcome run_search(JobContext& context, const SearchIndex& index, Clock& clock) {
  return Run(context, index, clock)();
}

}  // namespace hawser::worker
