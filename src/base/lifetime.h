#pragma once

#include <memory>
#include <utility>

namespace hawser {

/// Lets the callbacks of an object find out that it is gone. A member of the object, declared last so that
/// it ends first; object and callbacks live on one thread.
class Lifetime {
 public:
  Lifetime() = default;
  Lifetime(const Lifetime&) = delete;
  Lifetime& operator=(const Lifetime&) = delete;

  /// `function`, made harmless once the owner is destroyed.
  template <class F>
  auto guard(F function) const {
    return [alive = std::weak_ptr<const char>(token_), call = std::move(function)](auto&&... args) mutable {
      if (!alive.expired()) call(std::forward<decltype(args)>(args)...);
    };
  }

 private:
  std::shared_ptr<const char> token_ = std::make_shared<const char>();
};

}  // namespace hawser
