#include "net/tls_session.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "base/limits.h"
#include "net/tls_context.h"
#include "net/write_queue.h"
#include "test/support/tls_certificate.h"

namespace hawser::net {
namespace {

/// A session and an OpenSSL client on the two ends of a socket pair, neither of which waits.
class TlsSessionTest : public testing::Test {
 protected:
  TlsSessionTest() {
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends_), 0);
    const test::TlsCertificate certificate;
    auto context = TlsContext::with_certificates(certificate.certificate());
    EXPECT_TRUE(context && context->use_key(certificate.key()));
    context_ = std::make_unique<TlsContext>(std::move(*context));
    session_ = TlsSession::accept(*context_, ends_[0]);
    client_.reset(SSL_new(client_context_.get()));
    SSL_set_fd(client_.get(), ends_[1]);
    SSL_set_msg_callback(client_.get(), count_records);
    SSL_set_msg_callback_arg(client_.get(), this);
  }
  ~TlsSessionTest() override {
    for (const int end : ends_) ::close(end);
  }

  void shake_hands() {
    std::string buffer(limits::kReadBudget, '\0');
    WriteQueue nothing;
    while (SSL_connect(client_.get()) != 1 || !session_->is_established()) {
      ASSERT_NE(session_->receive(buffer).status, IoStatus::failed);
      ASSERT_EQ(session_->send(nothing), IoStatus::done);
    }
    EXPECT_EQ(read_client(), "");  // The tickets.
    records_ = 0;
  }
  std::string read_client() {
    std::string all;
    std::string buffer(100'000, '\0');
    for (int size = 0; (size = SSL_read(client_.get(), buffer.data(), 100'000)) > 0;) {
      all += buffer.substr(0, static_cast<std::size_t>(size));
    }
    return all;
  }
  void write_client(const std::string& text) {
    ASSERT_EQ(SSL_write(client_.get(), text.data(), static_cast<int>(text.size())),
              static_cast<int>(text.size()));
  }

  /// Many in one piece.
  void send_key_updates(int count, int kind) {
    auto* collected = BIO_new(BIO_s_mem());
    SSL_set0_wbio(client_.get(), collected);
    for (int i = 0; i < count; ++i) {
      ASSERT_EQ(SSL_key_update(client_.get(), kind), 1);
      ASSERT_EQ(SSL_do_handshake(client_.get()), 1);
    }
    char* records = nullptr;
    const auto size = BIO_get_mem_data(collected, &records);
    ASSERT_GT(size, 20 * count);
    ASSERT_EQ(::send(ends_[1], records, static_cast<std::size_t>(size), 0), size);
  }

  struct FreeSsl {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };

  static void count_records(int is_write, int, int type, const void*, std::size_t, SSL*, void* test) {
    if (is_write == 0 && type == SSL3_RT_HEADER) ++static_cast<TlsSessionTest*>(test)->records_;
  }

  int ends_[2] = {};
  std::unique_ptr<TlsContext> context_;
  std::unique_ptr<TlsSession> session_;
  test::ClientTls client_context_ = test::client_tls();
  std::unique_ptr<SSL, FreeSsl> client_;
  int records_ = 0;
};

TEST_F(TlsSessionTest, joins_the_frames_of_a_turn_into_one_record) {
  shake_hands();
  WriteQueue queue;
  std::string expected;
  for (int i = 0; i < 100; ++i) {
    queue.push("h" + std::to_string(i), share(std::string(60, 'b')));
    expected += "h" + std::to_string(i) + std::string(60, 'b');
  }
  EXPECT_EQ(session_->send(queue), IoStatus::done);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(read_client(), expected);
  EXPECT_EQ(records_, 1);
}

TEST_F(TlsSessionTest, fills_records_of_large_messages) {
  shake_hands();
  WriteQueue queue;
  const std::string body(60'000, 'x');
  queue.push("head", share(body));
  EXPECT_EQ(session_->send(queue), IoStatus::done);
  EXPECT_EQ(read_client(), "head" + body);
  EXPECT_EQ(records_, 4);
}

TEST_F(TlsSessionTest, holds_little_more_than_its_limit_for_a_slow_reader_and_loses_nothing) {
  shake_hands();
  WriteQueue queue;
  std::string expected;
  for (int i = 0; i < 200; ++i) {
    expected += std::string(30'000, static_cast<char>('a' + i % 26));
    queue.push({}, share(std::string(30'000, static_cast<char>('a' + i % 26))));
  }
  std::string received;
  int blocked = 0;
  while (session_->send(queue) == IoStatus::blocked) {
    ++blocked;
    EXPECT_LE(session_->unsent(), limits::kTlsUnsent + 17'000);
    received += read_client();
  }
  received += read_client();
  EXPECT_TRUE(received == expected);
  EXPECT_GT(blocked, 1);
  EXPECT_EQ(session_->unsent(), 0U);
}

TEST_F(TlsSessionTest, nothing_is_written_before_the_handshake_is_over) {
  WriteQueue queue;
  queue.push("early", nullptr);
  EXPECT_EQ(session_->send(queue), IoStatus::handshaking);
  EXPECT_FALSE(queue.empty());
  shake_hands();
  EXPECT_EQ(session_->send(queue), IoStatus::done);
  EXPECT_EQ(read_client(), "early");
}

TEST_F(TlsSessionTest, input_beyond_the_buffer_is_announced_by_the_session) {
  shake_hands();
  EXPECT_FALSE(session_->has_input());
  write_client(std::string(300, 'x'));
  std::string buffer(100, '\0');
  for (int i = 0; i < 3; ++i) {
    const auto received = session_->receive(buffer);
    EXPECT_EQ(received.bytes, 100U);
    EXPECT_EQ(received.status, IoStatus::done);
    EXPECT_TRUE(session_->has_input());
  }
  EXPECT_EQ(session_->receive(buffer).status, IoStatus::blocked);
  EXPECT_FALSE(session_->has_input());
}

TEST_F(TlsSessionTest, one_call_reads_little_more_than_its_buffer_whatever_the_records_are) {
  shake_hands();
  send_key_updates(2'000, SSL_KEY_UPDATE_NOT_REQUESTED);
  std::string buffer(1'000, '\0');
  int calls = 0;
  while (session_->receive(buffer).status == IoStatus::done) ++calls;
  EXPECT_GE(calls, 2) << "records without data are work too";
}

TEST_F(TlsSessionTest, a_peer_that_asks_for_new_keys_and_never_reads_the_answers_is_refused) {
  shake_hands();
  std::string buffer(1'000, '\0');
  auto status = IoStatus::blocked;
  for (int i = 0; i < 10 && status == IoStatus::blocked; ++i) {
    send_key_updates(2'000, SSL_KEY_UPDATE_REQUESTED);
    do {
      status = session_->receive(buffer).status;
    } while (status == IoStatus::done);
    EXPECT_LE(session_->unsent(), 2 * limits::kTlsUnsent + 17'000);
  }
  EXPECT_EQ(status, IoStatus::failed);
}

TEST_F(TlsSessionTest, the_end_comes_behind_the_last_bytes) {
  shake_hands();
  write_client("last");
  SSL_shutdown(client_.get());
  std::string buffer(100, '\0');
  EXPECT_EQ(session_->receive(buffer).bytes, 4U);
  EXPECT_TRUE(session_->has_input());
  EXPECT_EQ(session_->receive(buffer).status, IoStatus::ended);
  WriteQueue queue;
  queue.push("answer", nullptr);
  EXPECT_EQ(session_->send(queue), IoStatus::done) << "one side may end before the other";
  EXPECT_EQ(session_->end_output(), IoStatus::done);
  EXPECT_EQ(read_client(), "answer");
  EXPECT_EQ(SSL_get_shutdown(client_.get()) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN);
}

TEST_F(TlsSessionTest, an_end_without_close_notify_is_an_end) {
  shake_hands();
  ::shutdown(ends_[1], SHUT_WR);
  std::string buffer(100, '\0');
  EXPECT_EQ(session_->receive(buffer).status, IoStatus::ended);
}

TEST_F(TlsSessionTest, a_damaged_record_fails_for_good) {
  shake_hands();
  const std::string record = std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'x');
  ASSERT_EQ(::send(ends_[1], record.data(), record.size(), 0), static_cast<ssize_t>(record.size()));
  std::string buffer(100, '\0');
  EXPECT_EQ(session_->receive(buffer).status, IoStatus::failed);
  EXPECT_EQ(session_->receive(buffer).status, IoStatus::failed);
  EXPECT_EQ(session_->end_output(), IoStatus::done);
}

}  // namespace
}  // namespace hawser::net
