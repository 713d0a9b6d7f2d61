#include "worker/http_stream.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>
#include <tuple>

namespace hawser::worker {
namespace {

/// What is kept of an answer that is not 200: enough for its error message.
constexpr std::size_t kMaxErrorBody = 64UZ * 1024;
/// All of a 200 answer; a job's log is bounded too, but not what an endpoint sends around the text.
constexpr std::size_t kMaxAnswerBytes = 512UZ * 1024 * 1024;
/// Stopping and data wake the loop at once; this only bounds how late an idle timeout is seen.
constexpr long kPollMs = 250;

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct MultiDeleter {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Headers = std::unique_ptr<curl_slist, ListDeleter>;

void initialise_curl() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

Headers make_headers(const std::vector<std::string>& lines) {
  Headers headers;
  for (const auto& line : lines) {
    auto* longer = curl_slist_append(headers.get(), line.c_str());
    std::ignore = headers.release();
    headers.reset(longer);
  }
  return headers;
}

/// One request; lives for the call.
class Transfer {
 public:
  Transfer(const HttpRequest& request, const HttpSink& sink, std::stop_token stop, Clock& clock)
      : request_(request), sink_(sink), stop_(std::move(stop)), clock_(clock) {}

  Result<HttpAnswer> run();

 private:
  void prepare();
  void perform();
  bool is_idle() const { return clock_.now() - last_data_ > request_.idle_timeout; }
  std::size_t on_data(std::string_view bytes);
  std::string header(const char* name) const;
  Error failure() const;
  static std::size_t write_callback(char* data, std::size_t size, std::size_t count, void* self);

  const HttpRequest& request_;
  const HttpSink& sink_;
  const std::stop_token stop_;
  Clock& clock_;
  TimePoint last_data_;
  Headers headers_;
  std::unique_ptr<CURLM, MultiDeleter> multi_;
  std::unique_ptr<CURL, EasyDeleter> easy_;
  std::optional<CURLcode> ended_;  ///< nothing while it runs, and when we broke it off
  bool idle_ = false;
  bool sink_closed_ = false;
  bool too_large_ = false;
  std::size_t received_ = 0;
  std::string body_;
};

Result<HttpAnswer> Transfer::run() {
  initialise_curl();
  multi_.reset(curl_multi_init());
  easy_.reset(curl_easy_init());
  if (!multi_ || !easy_) return fail(Errc::internal, "No memory for a request.");
  prepare();
  curl_multi_add_handle(multi_.get(), easy_.get());
  perform();
  HttpAnswer answer;
  curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &answer.status);
  answer.content_type = header("content-type");
  answer.retry_after = header("retry-after");
  answer.body = std::move(body_);
  curl_multi_remove_handle(multi_.get(), easy_.get());  // Closes the connection of an unfinished request.

  const bool by_us = sink_closed_ || stop_.stop_requested();
  if (idle_ || too_large_ || (!by_us && ended_ != CURLE_OK && answer.status == 0)) {
    return std::unexpected(failure());
  }
  answer.cut = !by_us && ended_ != CURLE_OK;
  return answer;
}

void Transfer::prepare() {
  auto* easy = easy_.get();
  headers_ = make_headers(request_.headers);
  curl_easy_setopt(easy, CURLOPT_URL, request_.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, static_cast<long>(request_.connect_timeout.count()));
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_.get());
  curl_easy_setopt(easy, CURLOPT_POST, 1L);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request_.body.data());
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Transfer::write_callback);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
}

void Transfer::perform() {
  const std::stop_callback wake(stop_, [multi = multi_.get()] { curl_multi_wakeup(multi); });
  last_data_ = clock_.now();
  int running = 1;
  while (!stop_.stop_requested()) {
    if (curl_multi_perform(multi_.get(), &running) != CURLM_OK || running == 0) break;
    if (is_idle()) {
      idle_ = true;
      return;
    }
    curl_multi_poll(multi_.get(), nullptr, 0, kPollMs, nullptr);
  }
  int left = 0;
  if (const auto* message = curl_multi_info_read(multi_.get(), &left)) ended_ = message->data.result;
}

std::size_t Transfer::write_callback(char* data, std::size_t size, std::size_t count, void* self) {
  return static_cast<Transfer*>(self)->on_data({data, size * count});
}

/// Answers how much it took; anything but all of it ends the transfer.
std::size_t Transfer::on_data(std::string_view bytes) {
  constexpr std::size_t kRefused = 0;
  long status = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) {
    body_ += bytes.substr(0, kMaxErrorBody - std::min(kMaxErrorBody, body_.size()));
    sink_closed_ = body_.size() >= kMaxErrorBody;
    return sink_closed_ ? kRefused : bytes.size();
  }
  received_ += bytes.size();
  too_large_ = received_ > kMaxAnswerBytes;
  sink_closed_ = !too_large_ && !sink_(bytes);
  last_data_ = clock_.now();  // After the sink, which may have waited for the store.
  return too_large_ || sink_closed_ ? kRefused : bytes.size();
}

std::string Transfer::header(const char* name) const {
  curl_header* found = nullptr;
  if (curl_easy_header(easy_.get(), name, 0, CURLH_HEADER, -1, &found) != CURLHE_OK) return {};
  return found->value;
}

Error Transfer::failure() const {
  if (idle_) {
    return {Errc::timeout,
            fmt::format("The model endpoint sent nothing for {} s.", request_.idle_timeout.count())};
  }
  if (too_large_) return {Errc::upstream_failed, "The model endpoint sent more than an answer may have."};
  if (ended_ == CURLE_OPERATION_TIMEDOUT) {
    return {Errc::timeout, fmt::format("The model endpoint could not be reached within {} s.",
                                       request_.connect_timeout.count())};
  }
  const auto code = ended_.value_or(CURLE_FAILED_INIT);
  return {Errc::upstream_failed, fmt::format("The model endpoint could not be reached (llm.base_url): {}.",
                                             curl_easy_strerror(code))};
}

}  // namespace

Result<HttpAnswer> http_post(const HttpRequest& request, const HttpSink& sink, std::stop_token stop,
                             Clock& clock) {
  return Transfer(request, sink, std::move(stop), clock).run();
}

}  // namespace hawser::worker
