#include "runtime/system.h"

#include <openssl/rand.h>

#include <cstdlib>

namespace hawser::runtime {
namespace {

class SystemClock final : public Clock {
 public:
  TimePoint now() const override { return std::chrono::steady_clock::now(); }
  WallMillis wall_now() const override {
    return std::chrono::duration_cast<Millis>(std::chrono::system_clock::now().time_since_epoch()).count();
  }
};

class SystemRandom final : public Random {
 public:
  void fill(void* out, std::size_t size) override {
    // Ids and tokens must never be predictable: without randomness there is no safe way on.
    if (RAND_bytes(static_cast<unsigned char*>(out), static_cast<int>(size)) != 1) std::abort();
  }
};

}  // namespace

Clock& system_clock() {
  static SystemClock clock;
  return clock;
}

Random& system_random() {
  static SystemRandom random;
  return random;
}

}  // namespace hawser::runtime
