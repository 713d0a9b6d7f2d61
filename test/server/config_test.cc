#include "server/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "server/job_policy.h"

namespace hawser::server {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class ConfigTest : public testing::Test {
 protected:
  ConfigTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "hawser-config-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
  }
  ~ConfigTest() override { std::filesystem::remove_all(directory_); }

  std::string write(const std::string& text) const {
    const auto path = directory_ / "h.toml";
    std::ofstream(path) << text;
    return path.string();
  }
  Result<Config> load_file(const std::string& text) const { return load_config({write(text), {}, {}}); }
  std::string file_error(const std::string& text) const {
    const auto config = load_file(text);
    if (config) return "accepted";
    EXPECT_EQ(config.error().code, Errc::config);
    // Without the directory, so that tables can spell the rest.
    const auto& message = config.error().message;
    return message.starts_with(directory_.string()) ? message.substr(directory_.string().size() + 1)
                                                    : message;
  }

  std::filesystem::path directory_;
};

std::filesystem::path source_root() {
  return HAWSER_SOURCE_DIR;
}

std::string environment_error(const std::map<std::string, std::string>& environment) {
  const auto config = load_config({{}, environment, {}});
  return config ? "accepted" : config.error().message;
}

std::string flag_error(const std::vector<Flag>& flags) {
  const auto config = load_config({{}, {}, flags});
  return config ? "accepted" : config.error().message;
}

TEST_F(ConfigTest, has_defaults_for_everything) {
  const auto config = load_config({});
  ASSERT_TRUE(config);
  EXPECT_EQ(config->server.host, "0.0.0.0");
  EXPECT_EQ(config->server.port, 3000);
  EXPECT_EQ(config->server.data_dir, "./.hawser");
  EXPECT_EQ(config->server.client_url, std::vector<std::string>{"http://localhost:5173"});
  EXPECT_EQ(config->engine.ping_interval, Millis(25'000));
  EXPECT_EQ(config->engine.ping_timeout, Millis(60'000));
  EXPECT_EQ(config->store.kind, "rocksdb");
  EXPECT_TRUE(config->sources.empty());
}

TEST_F(ConfigTest, dev_listens_on_this_machine_only) {
  EXPECT_EQ(load_config({{}, {}, {{"server.dev", "true", "--dev"}}})->server.host, "127.0.0.1");
  EXPECT_THAT(flag_error({{"server.dev", "true", "--dev"}, {"server.host", "0.0.0.0", "--host"}}),
              StartsWith("--host: server.host 0.0.0.0 cannot be combined with --dev"));
  EXPECT_THAT(flag_error({{"server.dev", "true", "--dev"}, {"server.host", "127.evil.example", "--host"}}),
              HasSubstr("cannot be combined"));
  for (const char* host : {"127.0.0.2", "localhost", "::1"}) {
    EXPECT_EQ(flag_error({{"server.dev", "true", "--dev"}, {"server.host", host, "--host"}}), "accepted")
        << host;
  }
}

TEST_F(ConfigTest, file_is_weaker_than_environment_and_environment_than_flags) {
  const auto path = write("[server]\nport = 1001\nloops = 1\ndata_dir = \"/file\"\n");
  const auto config =
      load_config({path,
                   {{"HAWSER_SERVER_LOOPS", "2"}, {"HAWSER_DATA_DIR", "/env"}, {"PATH", "/bin"}},
                   {{"server.data_dir", "/flag", "--data-dir"}}});
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->server.port, 1001);
  EXPECT_EQ(config->server.loops, 2U);
  EXPECT_EQ(config->server.data_dir, "/flag");
  EXPECT_EQ(config->sources.at("server.port"), path + ":2");
  EXPECT_EQ(config->sources.at("server.loops"), "environment HAWSER_SERVER_LOOPS");
  EXPECT_EQ(config->sources.at("server.data_dir"), "--data-dir");
}

TEST_F(ConfigTest, the_names_of_the_original_work_and_ours_are_stronger) {
  const auto original = load_config({{},
                                     {{"PORT", "4000"},
                                      {"JWT_SECRET", "s"},
                                      {"REDIS_URL", "redis://localhost:6379"},
                                      {"CLIENT_URL", "https://a.example, https://b.example/"}},
                                     {}});
  ASSERT_TRUE(original) << original.error().message;
  EXPECT_EQ(original->server.port, 4000);
  EXPECT_EQ(original->auth.secret, "s");
  EXPECT_EQ(original->redis.url, "redis://localhost:6379");
  EXPECT_EQ(original->server.client_url,
            (std::vector<std::string>{"https://a.example", "https://b.example"}));

  EXPECT_EQ(load_config({{}, {{"PORT", "1"}, {"HAWSER_PORT", "2"}}, {}})->server.port, 2);
  EXPECT_EQ(load_config({{}, {{"HAWSER_SERVER_PORT", "3"}, {"HAWSER_PORT", "2"}}, {}})->server.port, 3);
}

TEST_F(ConfigTest, an_empty_variable_is_not_set) {
  EXPECT_EQ(load_config({{}, {{"PORT", ""}, {"JWT_SECRET", ""}, {"HAWSER_CONFIG", ""}}, {}})->server.port,
            3000);
}

TEST_F(ConfigTest, reads_every_kind_of_value_from_the_file) {
  const auto config = load_file(R"(
[server]
client_url = ["https://a.example", "*"]
drain_seconds = 5
dev = true
[auth]
algorithm = "HS512"
[engine]
ping_interval_ms = 300
[store]
kind = "memory"
reserve_bytes = 1_000
[exec.commands.ls]
argv = ["/bin/ls", "-l"]
[exec.commands."disk usage"]
argv = ["/usr/bin/du"]
restartable = true
allow_args = true
[llm]
base_url = "https://llm.example/v1"
timeout_seconds = 9
)");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->server.client_url, (std::vector<std::string>{"https://a.example", "*"}));
  EXPECT_EQ(config->server.drain, std::chrono::seconds(5));
  EXPECT_TRUE(config->server.dev);
  EXPECT_EQ(config->engine.ping_interval, Millis(300));
  EXPECT_EQ(config->store.reserve_bytes, 1000U);
  EXPECT_EQ(config->exec.commands.at("ls").argv, (std::vector<std::string>{"/bin/ls", "-l"}));
  EXPECT_FALSE(config->exec.commands.at("ls").restartable);
  EXPECT_TRUE(config->exec.commands.at("disk usage").restartable);
  EXPECT_FALSE(config->exec.commands.at("ls").allow_args);
  EXPECT_TRUE(config->exec.commands.at("disk usage").allow_args);
  EXPECT_EQ(config->llm.timeout, std::chrono::seconds(9));
}

TEST_F(ConfigTest, a_single_text_is_a_list_of_one) {
  EXPECT_EQ(load_file("server.client_url = \"http://x.example\"")->server.client_url,
            std::vector<std::string>{"http://x.example"});
}

TEST_F(ConfigTest, mistakes_in_the_file_are_named_with_their_line) {
  const std::pair<const char*, const char*> cases[] = {
      {"[sever]\nport = 1\n", "h.toml:1: unknown section [sever]. Did you mean [server]?"},
      {"[server]\n\nprot = 1\n", "h.toml:3: unknown key server.prot. Did you mean server.port?"},
      {"[server]\nqqqqqqqqqqqqqqqqqqqqqqqqqqqqq = 1\n",
       "h.toml:2: unknown key server.qqqqqqqqqqqqqqqqqqqqqqqqqqqqq."},
      {"port = 1\n", "h.toml:1: unknown section [port]."},
      {"server = 1\n", "h.toml:1: server is a section and needs a line [server] of its own."},
      {"[server]\nport = \"80\"\n",
       "h.toml:2: server.port must be a whole number from 0 to 65535, not \"80\"."},
      {"[server]\nport = 65536\n",
       "h.toml:2: server.port must be a whole number from 0 to 65535, not 65536."},
      {"[server]\nport = 1.5\n", "h.toml:2: server.port cannot be a number with a fraction."},
      {"[server]\nport = 2020-01-01\n", "h.toml:2: server.port cannot be a date or time."},
      {"[server.port]\nx = 1\n", "h.toml:1: server.port cannot be a section."},
      {"[server]\nhost = 7\n", "h.toml:2: server.host must be a text, not 7."},
      {"[server]\ndev = \"yes\"\n", "h.toml:2: server.dev must be true or false, not \"yes\"."},
      {"[server]\nclient_url = [1]\n",
       "h.toml:2: server.client_url cannot be a list of other things than texts."},
      {"[server]\nclient_url = \"ftp://x\"\n",
       "h.toml:2: server.client_url is not usable: a URL begins with http:// or https://, for example "
       "http://127.0.0.1:3000."},
      {"[server]\nclient_url = \"http://x/page\"\n",
       "h.toml:2: server.client_url is not usable: 'http://x/page' is a page; an origin has no path: "
       "http://x."},
      {"[store]\nkind = \"rockdb\"\n",
       "h.toml:2: store.kind must be one of rocksdb, memory, not \"rockdb\"."},
      {"[engine]\nping_interval_ms = 0\n",
       "h.toml:2: engine.ping_interval_ms must be a whole number from 100 to 86400000, not 0."},
      {"[exec.comands.ls]\nargv = [\"x\"]\n",
       "h.toml:1: unknown key exec.comands. Did you mean exec.commands?"},
      {"[exec.commands.ls]\nargs = [\"x\"]\n",
       "h.toml:2: unknown key exec.commands.ls.args. Did you mean exec.commands.ls.argv?"},
      {"[exec.commands.ls]\nargv = \"ls -l\"\n",
       "h.toml:2: exec.commands.ls.argv must be a list of texts, for example [\"/bin/ls\", \"-l\"]."},
      {"[exec.commands.ls]\nargv = [\"x\"]\nrestartable = 1\n",
       "h.toml:3: exec.commands.ls.restartable must be true or false."},
      {"[exec.commands.ls]\nargv = []\n", "h.toml:1: [exec.commands.ls] needs argv = [\"program\", …]."},
  };
  for (const auto& [text, message] : cases) EXPECT_EQ(file_error(text), message) << text;
  EXPECT_THAT(file_error("[server]\nport = \n"), StartsWith("h.toml:2: not valid TOML: "));
  EXPECT_THAT(file_error("[server]\nport = 1\nport = 2\n"), StartsWith("h.toml:3: not valid TOML: "));
}

TEST_F(ConfigTest, a_named_file_must_exist) {
  EXPECT_EQ(load_config({"/nowhere/h.toml", {}, {}}).error().message,
            "/nowhere/h.toml: cannot be read. Check the name and its permissions.");
  EXPECT_EQ(load_config({{}, {{"HAWSER_CONFIG", "/nowhere/e.toml"}}, {}}).error().message,
            "/nowhere/e.toml: cannot be read. Check the name and its permissions.");
  EXPECT_FALSE(load_config({directory_.string(), {}, {}})) << "a directory";
}

TEST_F(ConfigTest, mistakes_in_the_environment_are_named) {
  EXPECT_EQ(environment_error({{"HAWSER_DATADIR", "/x"}}),
            "environment HAWSER_DATADIR: there is no such setting. Did you mean HAWSER_DATA_DIR?");
  EXPECT_EQ(environment_error({{"PORT", "http"}}),
            "environment PORT: server.port must be a whole number from 0 to 65535, not \"http\".");
  EXPECT_EQ(environment_error({{"HAWSER_PORT", "80 "}}),
            "environment HAWSER_PORT: server.port must be a whole number from 0 to 65535, not \"80 \".");
  EXPECT_EQ(environment_error({{"REDIS_URL", "localhost"}}),
            "environment REDIS_URL: redis.url is not usable: it must begin with redis:// or rediss://.");
  EXPECT_EQ(environment_error({{"HAWSER_URL", "http://x"}, {"HAWSER_TOKEN", "t"}, {"OTHER", "x"}}),
            "accepted");
}

TEST_F(ConfigTest, settings_that_exclude_each_other_are_refused) {
  EXPECT_EQ(environment_error({{"JWT_SECRET", "a"}, {"HAWSER_AUTH_SECRET_FILE", "/f"}}),
            "auth.secret (environment JWT_SECRET) and auth.secret_file (environment HAWSER_AUTH_SECRET_FILE) "
            "are both "
            "set. Keep one.");
  EXPECT_THAT(environment_error({{"HAWSER_AUTH_ALGORITHM", "RS256"}}),
              HasSubstr("needs auth.public_key_file"));
  EXPECT_THAT(environment_error({{"HAWSER_AUTH_PUBLIC_KEY_FILE", "/f"}}),
              HasSubstr("is not used with auth.algorithm HS256"));
  EXPECT_THAT(environment_error({{"HAWSER_LLM_API_KEY", "a"}, {"HAWSER_LLM_API_KEY_FILE", "b"}}),
              HasSubstr("are both set"));
}

TEST_F(ConfigTest, a_certificate_needs_its_key_and_a_key_its_certificate) {
  EXPECT_EQ(flag_error({{"server.tls_cert_file", "/c", "--tls-cert"}}),
            "--tls-cert: server.tls_cert_file is set without server.tls_key_file. TLS needs both, the "
            "certificate and its key; without both the server speaks plain HTTP.");
  EXPECT_THAT(file_error("[server]\ntls_key_file = \"/k\"\n"),
              HasSubstr("h.toml:2: server.tls_key_file is set without server.tls_cert_file."));
  EXPECT_EQ(environment_error({{"HAWSER_SERVER_TLS_CERT_FILE", "/c"}, {"HAWSER_SERVER_TLS_KEY_FILE", "/k"}}),
            "accepted");
}

TEST_F(ConfigTest, secrets_are_never_described_nor_part_of_an_error) {
  const auto config = load_config({write("[auth]\nsecret = \"hunter2-a\"\n[llm]\napi_key = \"hunter2-b\"\n"),
                                   {{"REDIS_URL", "redis://user:hunter2-c@cache:6379/1"}},
                                   {}});
  ASSERT_TRUE(config);
  const auto text = describe(*config);
  EXPECT_THAT(text, Not(HasSubstr("hunter2")));
  EXPECT_THAT(text, HasSubstr("url = \"redis://[redacted]@cache:6379/1\"  # environment REDIS_URL"));
  EXPECT_THAT(text, HasSubstr("secret = \"[redacted]\""));
  EXPECT_THAT(file_error("[auth]\nsecret = [\"hunter2\"]\n"), Not(HasSubstr("hunter2")));
  EXPECT_THAT(environment_error({{"HAWSER_LLM_BASE_URL", "http://u:hunter2@x"}}), HasSubstr("do not belong"));
}

TEST_F(ConfigTest, what_describe_prints_loads_again_to_the_same) {
  auto first = load_file(
      "[exec.commands.\"a b\"]\nargv = [\"/bin/x\", \"\\\"\"]\n[server]\nport = 5\nhost = \"::1\"\n");
  ASSERT_TRUE(first);
  const auto text = describe(*first);
  EXPECT_THAT(text, HasSubstr("port = 5  # " + (directory_ / "h.toml").string() + ":4"));
  EXPECT_THAT(text, HasSubstr("loops = 0  # default"));
  const auto second = load_file(text);
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(second->server.port, 5);
  EXPECT_EQ(second->exec.commands.at("a b").argv, (std::vector<std::string>{"/bin/x", "\""}));
}

TEST_F(ConfigTest, the_example_file_loads_and_states_the_defaults) {
  const auto example = load_config({(source_root() / "hawser.example.toml").string(), {}, {}});
  ASSERT_TRUE(example) << example.error().message;
  const auto strip = [](std::string text) {  // Sources differ, and so do the commands.
    std::string out;
    for (std::size_t start = 0; start < text.size();) {
      const auto end = text.find('\n', start);
      const auto line = text.substr(start, end - start);
      if (line.starts_with("[exec.")) break;
      out += line.substr(0, line.find("  # ")) + "\n";
      start = end + 1;
    }
    return out;
  };
  auto defaults = strip(describe(*load_config({})));
  EXPECT_EQ(strip(describe(*example)), defaults + "\n");
  EXPECT_EQ(example->exec.commands.size(), 1U);
}

TEST_F(ConfigTest, ages_of_retention_are_hours_and_zero_is_for_ever) {
  const auto config = load_file(
      "[retention]\ncompleted_max_age_hours = 48\nfailed_max_age_hours = 0\ncancelled_max_count = 7\n"
      "max_bytes_per_user = 1000\n");
  ASSERT_TRUE(config) << config.error().message;
  const auto& retention = config->retention;
  EXPECT_EQ(retention.of(job::JobState::completed).max_age, std::chrono::hours(48));
  EXPECT_EQ(retention.of(job::JobState::failed).max_age, Millis(0));
  EXPECT_EQ(retention.of(job::JobState::cancelled).max_age, std::chrono::hours(24 * 30));
  EXPECT_EQ(retention.of(job::JobState::cancelled).max_count, 7U);
  EXPECT_EQ(retention.of(job::JobState::completed).max_count, 0U);
  EXPECT_EQ(retention.max_bytes, 1000U);
  EXPECT_EQ(make_policies(*config)->retention().of(job::JobState::completed).max_age, std::chrono::hours(48));
  EXPECT_THAT(describe(*config), HasSubstr("completed_max_age_hours = 48"));
  EXPECT_THAT(file_error("[retention]\nfailed_max_age_hours = -1\n"),
              HasSubstr("retention.failed_max_age_hours"));
}

}  // namespace
}  // namespace hawser::server
