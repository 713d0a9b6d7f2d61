#include "test/worker/exec_victim.h"

#include <algorithm>
#include <cstdio>
#include <thread>

#include "base/json.h"
#include "runtime/system.h"
#include "test/worker/recording_context.h"
#include "worker/exec.h"

namespace hawser::worker {

int exec_victim_main() {
  ExecOptions options;
  // A shell, a child in its group, and an orphan in a session of its own that ignores SIGTERM.
  options.commands["stay"].argv = {"/bin/sh", "-c",
                                   "sleep 1000 & echo $!; (trap '' TERM; setsid sh -c 'trap \"\" TERM; echo "
                                   "$$; sleep 1000; sleep 1000' &); "
                                   "echo $$; wait; sleep 1000"};
  RecordingContext context(R"({"command":"stay"})");
  std::thread run([&] { Exec(options, runtime::system_clock()).run(context); });
  // Everything has said its number when three lines have come.
  std::string text;
  while (std::count(text.begin(), text.end(), '\n') < 3) {
    std::this_thread::yield();
    text.clear();
    for (const auto& chunk : context.chunks()) text += json::View(chunk).find("text")->as_string().value();
  }
  std::printf("%s.\n", text.c_str());
  std::fflush(stdout);
  run.join();
  return 0;
}

}  // namespace hawser::worker
