#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/loop.h"
#include "base/time.h"

namespace hawser::sim {

/// The one source of chance of a simulation (SplitMix64): a seed gives the same numbers everywhere.
class Rng {
 public:
  explicit Rng(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    auto z = state_ += 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31U);
  }
  /// 0 … limit - 1; 0 when there is nothing to choose from.
  std::uint64_t below(std::uint64_t limit) { return limit == 0 ? 0 : next() % limit; }
  std::uint64_t between(std::uint64_t low, std::uint64_t high) { return low + below(high - low + 1); }
  bool one_in(std::uint64_t count) { return below(count) == 0; }
  bool percent(std::uint64_t share) { return below(100) < share; }
  Duration micros(std::uint64_t low, std::uint64_t high) {
    return std::chrono::microseconds(static_cast<std::int64_t>(between(low, high)));
  }
  /// A source of its own, so that more use of the one does not change the other.
  Rng fork() { return Rng(next()); }

 private:
  std::uint64_t state_;
};

/// Randomness for the server, out of the seed.
class SimRandom final : public Random {
 public:
  explicit SimRandom(Rng rng) : rng_(rng) {}

  void fill(void* out, std::size_t size) override {
    auto* bytes = static_cast<unsigned char*>(out);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<unsigned char>(rng_.next() >> 24U);
  }

 private:
  Rng rng_;
};

}  // namespace hawser::sim
