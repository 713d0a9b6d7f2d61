#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

#include "base/json.h"

namespace hawser::cli {

/// Shows a job to the user: its output on `out`, everything about it on `err`. Knows no network and no
/// terminal; whether the streams are terminals is told.
class Printer {
 public:
  struct Options {
    bool json = false;   ///< every event body as one line of JSON on `out`, and nothing else there
    bool quiet = false;  ///< only the output and errors
    bool out_is_terminal = false;
    bool err_is_terminal = false;
  };
  Printer(std::ostream& out, std::ostream& err, Options options);

  void event(std::string_view name, std::string_view body);
  /// A string as it is; {stream,text} to `out` or `err`; a search hit as file:line: snippet; other JSON a
  /// line.
  void chunk(const json::View& chunk);
  void progress(const json::View& progress);
  /// Something worth knowing about the connection or the job.
  void notice(std::string_view text);
  /// Shown even when quiet.
  void error(std::string_view text);
  /// Ends the progress bar and an unfinished line. Call once, last.
  void finish();

 private:
  void write(std::string_view text);
  void write_hit(const json::View& hit, std::string_view file);
  void hide_bar();
  void show_bar();

  std::ostream& out_;
  std::ostream& err_;
  Options options_;
  std::string bar_;  ///< as it would be shown; empty before the first progress
  bool bar_visible_ = false;
  bool line_open_ = false;
};

/// `text` without control characters, so that found text cannot steer the terminal.
std::string printable(std::string_view text);

/// "[#####-----]  50%  25/50  message".
std::string progress_bar(const json::View& progress);

}  // namespace hawser::cli
