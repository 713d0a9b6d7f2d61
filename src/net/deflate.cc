#include "net/deflate.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "base/limits.h"

namespace hawser::net {
namespace {

/// What the sender of a message leaves out at its end.
constexpr std::string_view kTail("\x00\x00\xff\xff", 4);
constexpr std::size_t kFirstCapacity = 16 * limits::kKiB;
/// A larger buffer is given back before the next message.
constexpr std::size_t kKeptCapacity = 64 * limits::kKiB;
constexpr int kMaxWindowBits = 15;
/// A loop has others to serve. Measured on events of 1 to 16 KiB, the default level 6 takes 1.2 to 3 times as
/// long for 1 to 6 % fewer bytes.
constexpr int kLevel = 1;
constexpr int kMemoryLevel = 8;
/// Larger messages are rare, and remembering them would hold their memory.
constexpr std::size_t kMaxRemembered = 64 * limits::kKiB;
/// Of z_stream::data_type after inflating: nothing of a block is left to come.
constexpr int kBetweenBlocks = 128;

// zlib only reads, but has no const in this place.
Bytef* input(std::string_view text) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
}

}  // namespace

Inflater::Inflater() {
  // Negative: without header and checksum.
  if (inflateInit2(&stream_, -kMaxWindowBits) != Z_OK) throw std::bad_alloc();
}

Inflater::~Inflater() {
  inflateEnd(&stream_);
}

Inflater::Result Inflater::inflate(std::string_view compressed, std::size_t max_size) {
  if (capacity_ > kKeptCapacity) {
    buffer_.reset();
    capacity_ = 0;
  }
  size_ = 0;
  inflateReset(&stream_);
  for (const auto part : {compressed, kTail}) {
    if (const auto outcome = feed(part, max_size); outcome != Outcome::done) return {outcome, {}};
  }
  if ((stream_.data_type & kBetweenBlocks) == 0) return {Outcome::corrupt, {}};
  return {Outcome::done, {buffer_.get(), size_}};
}

Inflater::Outcome Inflater::feed(std::string_view part, std::size_t max_size) {
  stream_.next_in = input(part);
  stream_.avail_in = static_cast<uInt>(part.size());
  do {
    if (size_ == capacity_) grow(max_size);
    stream_.next_out = reinterpret_cast<Bytef*>(buffer_.get() + size_);
    stream_.avail_out = static_cast<uInt>(capacity_ - size_);
    const int result = ::inflate(&stream_, Z_SYNC_FLUSH);
    size_ = capacity_ - stream_.avail_out;
    if (size_ > max_size) return Outcome::too_big;
    if (result == Z_STREAM_END) {
      inflateReset(&stream_);  // A final block; what the sender appended behind it is a stream of its own.
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
      return Outcome::corrupt;
    }
  } while (stream_.avail_in > 0 || stream_.avail_out == 0);
  return Outcome::done;
}

/// One byte more than allowed is room enough to notice.
void Inflater::grow(std::size_t max_size) {
  const auto capacity = std::min(std::max(kFirstCapacity, 2 * capacity_), max_size + 1);
  std::unique_ptr<char[]> larger(new char[capacity]);
  if (size_ > 0) std::memcpy(larger.get(), buffer_.get(), size_);
  buffer_ = std::move(larger);
  capacity_ = capacity;
}

Deflater::Deflater(int window_bits) {
  if (deflateInit2(&stream_, kLevel, Z_DEFLATED, -window_bits, kMemoryLevel, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();
  }
}

Deflater::~Deflater() {
  deflateEnd(&stream_);
}

SharedBytes Deflater::deflate(std::string_view first, std::string_view rest) {
  deflateReset(&stream_);
  std::string out(first.size() + rest.size(), '\0');
  stream_.next_out = reinterpret_cast<Bytef*>(out.data());
  stream_.avail_out = static_cast<uInt>(out.size());
  stream_.next_in = input(first);
  stream_.avail_in = static_cast<uInt>(first.size());
  ::deflate(&stream_, Z_NO_FLUSH);
  stream_.next_in = input(rest);
  stream_.avail_in = static_cast<uInt>(rest.size());
  ::deflate(&stream_, Z_SYNC_FLUSH);
  if (stream_.avail_out == 0) return nullptr;  // Not smaller; with room left everything is out.
  out.resize(out.size() - stream_.avail_out - kTail.size());
  out.shrink_to_fit();
  return share(std::move(out));
}

SharedBytes MessageDeflate::compress(std::string_view first, const SharedBytes& rest, int window_bits) {
  const char kind = first.empty() ? '\0' : first.front();
  for (const auto& entry : entries_) {
    if (entry.window_bits == window_bits && entry.first == kind && entry.rest.lock() == rest) {
      return entry.compressed;
    }
  }
  auto compressed = deflater(window_bits).deflate(first, *rest);
  if (rest->size() > kMaxRemembered) return compressed;
  entries_[next_entry_] = {rest, kind, window_bits, compressed};
  next_entry_ = (next_entry_ + 1) % entries_.size();
  return compressed;
}

Deflater& MessageDeflate::deflater(int window_bits) {
  auto& deflater = deflaters_[static_cast<std::size_t>(window_bits)];
  if (!deflater) deflater = std::make_unique<Deflater>(window_bits);
  return *deflater;
}

}  // namespace hawser::net
