#include "worker/exec.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <fstream>
#include <future>
#include <sstream>

#include "base/json.h"
#include "runtime/system.h"
#include "test/worker/exec_victim.h"
#include "test/worker/recording_context.h"
#include "worker/exec_supervisor.h"
#include "worker/unique_fd.h"

namespace hawser::worker {
namespace {

ExecOptions shell(const std::string& script) {
  ExecOptions options;
  options.commands["run"].argv = {"sh", "-c", script};
  return options;
}

Outcome run(const ExecOptions& options, RecordingContext& context) {
  return Exec(options, runtime::system_clock()).run(context);
}

/// What the chunks say of one stream, joined.
std::string text_of(const RecordingContext& context, std::string_view stream) {
  std::string text;
  for (const auto& chunk : context.chunks()) {
    const json::View view(chunk);
    if (view.find("stream")->as_string() == stream) text += *view.find("text")->as_string();
  }
  return text;
}

bool is_alive(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string stat;
  std::getline(file, stat);
  const auto name_end = stat.rfind(')');
  return name_end != std::string::npos && stat.substr(name_end + 2, 1) != "Z";
}

/// Whether the process ends within a time that only a broken test uses up.
bool ends(pid_t pid) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (is_alive(pid)) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    usleep(5000);
  }
  return true;
}

std::vector<pid_t> numbers_in(const std::string& text) {
  std::istringstream stream(text);
  std::vector<pid_t> numbers;
  for (pid_t number = 0; stream >> number;) numbers.push_back(number);
  return numbers;
}

TEST(Exec, streams_both_outputs_and_returns_the_exit_code) {
  RecordingContext context(R"({"command":"run"})");
  const auto outcome = run(shell("echo one; echo two >&2; printf 'gr\\303\\274n \\377'"), context);
  ASSERT_EQ(outcome.kind, Outcome::Kind::completed) << outcome.error.message;
  EXPECT_EQ(outcome.result, R"({"exitCode":0})");
  EXPECT_EQ(text_of(context, "stdout"), "one\ngrün \xef\xbf\xbd");
  EXPECT_EQ(text_of(context, "stderr"), "two\n");
}

TEST(Exec, loses_nothing_of_a_large_output) {
  RecordingContext context(R"({"command":"run"})");
  const auto outcome = run(shell("i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done"), context);
  ASSERT_EQ(outcome.kind, Outcome::Kind::completed);
  std::string expected;
  for (int i = 0; i < 20000; ++i) expected += "line " + std::to_string(i) + "\n";
  EXPECT_EQ(text_of(context, "stdout"), expected);
}

TEST(Exec, other_ends_fail_with_a_sentence) {
  struct Row {
    const char *script, *sentence;
  };
  const Row rows[] = {{"exit 3", "The command exited with status 3."},
                      {"kill -9 $$", "The command was ended by signal 9 (Killed)."}};
  for (const auto& row : rows) {
    RecordingContext context(R"({"command":"run"})");
    const auto outcome = run(shell(row.script), context);
    ASSERT_EQ(outcome.kind, Outcome::Kind::failed);
    EXPECT_EQ(outcome.error.code, Errc::handler_failed);
    EXPECT_EQ(outcome.error.message, row.sentence);
  }
}

TEST(Exec, a_command_that_does_not_exist_fails_with_a_sentence) {
  ExecOptions options;
  options.commands["run"].argv = {"/nonexistent/program"};
  RecordingContext context(R"({"command":"run"})");
  const auto outcome = run(options, context);
  ASSERT_EQ(outcome.kind, Outcome::Kind::failed);
  EXPECT_EQ(outcome.error.code, Errc::unavailable);
  EXPECT_EQ(outcome.error.message, "The command could not be started: No such file or directory.");
}

TEST(Exec, uses_no_shell_for_arguments) {
  ExecOptions options;
  options.commands["say"] = {{"printf", "%s|"}, false, true};
  RecordingContext context(R"({"command":"say","args":["$HOME; exit 1","a b","*"]})");
  ASSERT_EQ(run(options, context).kind, Outcome::Kind::completed);
  EXPECT_EQ(text_of(context, "stdout"), "$HOME; exit 1|a b|*|");
}

TEST(Exec, gives_the_command_a_clean_environment_and_no_descriptors) {
  setenv("HAWSER_TEST_SECRET", "leak", 1);
  const UniqueFd inherited(open("/dev/null", O_RDONLY));  // Without O_CLOEXEC, as libraries do it.
  RecordingContext context(R"({"command":"run"})");
  ASSERT_EQ(
      run(shell("env | cut -d= -f1 | sort | tr '\\n' ' '; cat; ls /proc/self/fd | wc -l"), context).kind,
      Outcome::Kind::completed);
  const auto text = text_of(context, "stdout");
  EXPECT_EQ(text.find("HAWSER_TEST_SECRET"), std::string::npos) << text;
  EXPECT_NE(text.find("HOME"), std::string::npos);
  EXPECT_TRUE(text.ends_with(" 4\n")) << text;  // Standard input, output, error, and the folder itself.
}

TEST(Exec, what_the_command_leaves_running_dies_with_it) {
  RecordingContext context(R"({"command":"run"})");
  const auto outcome =
      run(shell("sleep 1000 & echo $!; setsid sh -c 'echo $$; sleep 1000' & sleep 0.2"), context);
  ASSERT_EQ(outcome.kind, Outcome::Kind::completed) << outcome.error.message;
  const auto pids = numbers_in(text_of(context, "stdout"));
  ASSERT_EQ(pids.size(), 2);
  for (const auto pid : pids) EXPECT_FALSE(is_alive(pid));
}

TEST(Exec, cancel_ends_the_whole_process_group) {
  RecordingContext context(R"({"command":"run"})");
  auto outcome = std::async(std::launch::async, [&] {
    return run(
        shell("sleep 1000 & echo $!; setsid sh -c 'echo $$; sleep 1000' & sleep 0.1; echo $$ up; wait"),
        context);
  });
  ASSERT_TRUE(context.wait_for("up"));
  context.stop(StopReason::cancelled);
  EXPECT_EQ(outcome.get().kind, Outcome::Kind::stopped);
  const auto pids = numbers_in(text_of(context, "stdout"));
  EXPECT_EQ(pids.size(), 3);
  for (const auto pid : pids) EXPECT_FALSE(is_alive(pid));
}

TEST(Exec, cancel_kills_what_ignores_the_request_to_end) {
  RecordingContext context(R"({"command":"run"})");
  auto outcome = std::async(std::launch::async, [&] {
    return run(shell("trap '' TERM; echo $$ up; while :; do sleep 0.05; done"), context);
  });
  ASSERT_TRUE(context.wait_for("up"));
  const auto asked = std::chrono::steady_clock::now();
  context.stop(StopReason::cancelled);
  EXPECT_EQ(outcome.get().kind, Outcome::Kind::stopped);
  EXPECT_GE(std::chrono::steady_clock::now() - asked, std::chrono::milliseconds(kExecKillDelayMs - 100));
  EXPECT_FALSE(is_alive(numbers_in(text_of(context, "stdout")).at(0)));
}

TEST(Exec, a_lost_job_ends_the_command) {
  RecordingContext context(R"({"command":"run"})");
  context.emit_limit = 1;
  const auto outcome = run(shell("echo $$; sleep 0.2; echo more; sleep 1000"), context);
  EXPECT_EQ(outcome.kind, Outcome::Kind::failed);
  EXPECT_EQ(outcome.error.code, Errc::fenced);
  EXPECT_FALSE(is_alive(numbers_in(text_of(context, "stdout")).at(0)));
}

/// A process that runs an exec job, as the server does, with its output to a pipe.
struct Victim {
  pid_t pid = -1;
  std::string output;  ///< up to the line with a full stop
};

Victim start_victim() {
  int ends[2] = {-1, -1};
  EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd ours(ends[0]);
  UniqueFd theirs(ends[1]);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, theirs.get(), STDOUT_FILENO);
  std::string name = "victim";
  std::string command = kExecVictimCommand;
  char* argv[] = {name.data(), command.data(), nullptr};
  Victim victim;
  EXPECT_EQ(posix_spawn(&victim.pid, "/proc/self/exe", &actions, nullptr, argv, environ), 0);
  posix_spawn_file_actions_destroy(&actions);
  theirs.reset();
  char byte = 0;
  while (read(ours.get(), &byte, 1) == 1 && byte != '.') victim.output += byte;
  return victim;
}

TEST(Exec, kill_9_of_the_server_leaves_no_process_of_the_command) {
  const auto victim = start_victim();
  const auto pids = numbers_in(victim.output);
  ASSERT_EQ(pids.size(), 3) << victim.output;
  for (const auto pid : pids) ASSERT_TRUE(is_alive(pid));
  kill(victim.pid, SIGKILL);
  waitpid(victim.pid, nullptr, 0);
  for (const auto pid : pids) EXPECT_TRUE(ends(pid)) << pid;
}

TEST(Exec, refuses_what_is_not_on_the_list) {
  ExecOptions options;
  options.commands["list"] = {{"ls"}, false, false};
  options.commands["say"] = {{"echo"}, true, true};
  struct Row {
    std::string input, sentence;
  };
  std::string many = R"({"command":"say","args":["a")";
  for (int i = 0; i < 300; ++i) many += R"(,"a")";
  const Row rows[] = {{"{}", "`command`"},
                      {R"({"command":7})", "`command`"},
                      {R"({"command":"rm"})", "list, say"},
                      {R"({"command":"list","args":["-l"]})", "takes no arguments"},
                      {R"({"command":"say","args":"x"})", "`args`"},
                      {R"({"command":"say","args":[1]})", "`args`"},
                      {R"({"command":"say","args":["a\u0000b"]})", "NUL"},
                      {many + "]}", "at most 256"}};
  const Exec exec(options, runtime::system_clock());
  for (const auto& row : rows) {
    const auto status = exec.validate(row.input);
    ASSERT_FALSE(status) << row.input;
    EXPECT_EQ(status.error().code, Errc::bad_request);
    EXPECT_NE(status.error().message.find(row.sentence), std::string::npos) << status.error().message;
  }
  EXPECT_TRUE(exec.validate(R"({"command":"list","args":[]})"));
}

TEST(Exec, only_a_restartable_command_runs_again) {
  ExecOptions options;
  options.commands["once"] = {{"true"}, false, false};
  options.commands["again"] = {{"true"}, true, false};
  const Exec exec(options, runtime::system_clock());
  const auto once = exec.plan(R"({"command":"once"})", {2, 3, {}});
  ASSERT_TRUE(once.refuse);
  EXPECT_EQ(once.refuse->code, Errc::interrupted);
  const auto again = exec.plan(R"({"command":"again"})", {2, 3, {}});
  EXPECT_FALSE(again.refuse);
  EXPECT_EQ(again.from, job::ContinueFrom::beginning);
  EXPECT_TRUE(exec.plan(R"({"command":"removed"})", {2, 3, {}}).refuse);
}

}  // namespace
}  // namespace hawser::worker
