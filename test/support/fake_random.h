#pragma once

#include <cstdint>
#include <random>

#include "base/loop.h"

namespace hawser::test {

/// The same bytes in every run.
class FakeRandom final : public Random {
 public:
  FakeRandom() = default;
  explicit FakeRandom(std::uint32_t seed) : engine_(seed) {}

  void fill(void* out, std::size_t size) override {
    auto* bytes = static_cast<unsigned char*>(out);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<unsigned char>(engine_());
  }

 private:
  std::mt19937 engine_{1};
};

}  // namespace hawser::test
