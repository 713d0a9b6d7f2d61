#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace hawser::fuzz {

/// With HAWSER_FUZZ_TRACE in the environment, tells on standard error what happens: for reading a finding.
inline void trace(std::string_view who, std::string_view what) {
  static const bool is_on = std::getenv("HAWSER_FUZZ_TRACE") != nullptr;
  if (!is_on) return;
  std::string line(who);
  line += ' ';
  for (const char c : what.substr(0, 400)) {
    if (c == '\n') {
      line += "\n    ";
    } else if (c < ' ' || c == '\x7f') {
      char escape[8];
      std::snprintf(escape, sizeof(escape), "\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
      if (c != '\r') line += escape;
    } else {
      line += c;
    }
  }
  std::fprintf(stderr, "%s\n", line.c_str());
}

}  // namespace hawser::fuzz
