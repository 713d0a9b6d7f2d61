#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"

namespace hawser::cli {

/// One blocking TCP connection with a deadline for every step, for the doctor's short questions.
class TcpProbe {
 public:
  /// Tries each address of `host`. Errors: unavailable, timeout; a sentence naming the address.
  static Result<TcpProbe> connect(const std::string& host, std::uint16_t port, Millis timeout);
  ~TcpProbe();
  TcpProbe(TcpProbe&& other) noexcept;
  TcpProbe& operator=(TcpProbe&&) = delete;

  Status send(std::string_view bytes);
  /// At least one byte; an empty text is the end of the stream.
  Result<std::string> receive();

 private:
  TcpProbe(int descriptor, Millis timeout) : descriptor_(descriptor), timeout_(timeout) {}
  Status wait(short events) const;

  int descriptor_;
  Millis timeout_;
};

/// Status and body of `GET path`. The answer is bounded; anything that is no HTTP is an error.
struct HttpAnswer {
  int status = 0;
  std::string body;
};
Result<HttpAnswer> http_get(const std::string& host, std::uint16_t port, std::string_view path,
                            Millis timeout);

}  // namespace hawser::cli
