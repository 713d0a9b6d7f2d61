#include "store/codec.h"

#include <string>

#include "store/keys.h"
#include "store/owner_account.h"
#include "store/record_codec.h"
#include "test/fuzz/choices.h"

namespace {

using namespace hawser::store;
using hawser::fuzz::check;
using hawser::fuzz::Choices;

void check_record(std::string_view bytes) {
  const auto record = decode_record(bytes);
  if (!record) return;
  const auto written = encode_record(*record);
  const bool of_this_release = bytes.front() == written.front();
  check(!of_this_release || written == bytes, "a record has one spelling");
  check(encode_record(decode_record(written).value()) == written, "a record of an earlier release is kept");
  const auto entry = keys::stream_entry(*record);
  check(keys::trailing_id(entry) == record->id, "an index entry ends with the id");
  check(entry < keys::after_prefix(is_active(*record) ? keys::active_jobs(*record->owner)
                                                      : keys::ended_jobs(*record->owner, record->state)),
        "an index entry stands among those of its owner");
}

void check_deleted(std::string_view bytes) {
  if (const auto tombstone = decode_tombstone(bytes)) {
    check(encode_tombstone(*tombstone) == bytes, "a tombstone has one spelling");
    check(!decode_record(bytes), "a tombstone is no record");
  }
  if (const auto account = decode_account(bytes); account && bytes.size() != sizeof(account->head)) {
    check(encode_account(*account) == bytes, "an account has one spelling");
  }
}

/// What may stand under a job's id.
void check_job(std::string_view bytes) {
  check_record(bytes);
  check_deleted(bytes);
}

void check_event(std::string_view bytes, hawser::WallMillis created_at) {
  const auto logged = decode_event(bytes, created_at);
  if (!logged) return;
  check(hawser::fuzz::lies_within(logged->payload, bytes), "a payload is a slice");
  hawser::job::JobRecord record;
  record.owner = record.type = std::make_shared<const std::string>("x");
  check(encode_event(to_event(*logged, record, 1), created_at) == bytes, "an event has one spelling");
}

/// Every field that can be read was written like that.
void check_fields(std::string_view kinds, std::string_view bytes) {
  FieldReader in(bytes);
  FieldWriter out;
  for (const char kind : kinds) {
    switch (static_cast<unsigned char>(kind) % 4U) {
      case 0: out.byte(in.byte()); break;
      case 1: out.number(in.number()); break;
      case 2: out.signed_number(in.signed_number()); break;
      default: out.text(in.text()); break;
    }
    if (in.ok()) continue;
    check(in.rest().empty() && !in.at_end() && in.number() == 0 && in.text().empty(),
          "behind a bad field there is nothing");
    return;
  }
  out.rest(in.rest());
  check(std::move(out).take() == bytes, "fields have one spelling");
}

void check_keys(std::string_view bytes) {
  const auto sequence = keys::event_sequence(bytes);
  if (sequence) {
    const auto id = *keys::trailing_id(bytes.substr(0, keys::kIdBytes));
    check(keys::event(id, *sequence) == bytes, "an event key is its job and its number");
  }
  const auto after = keys::after_prefix(std::string(bytes));
  if (after.empty()) {
    check(bytes.find_first_not_of('\xff') == std::string_view::npos,
          "only the highest prefix has none behind it");
  } else {
    check(after > std::string(bytes) + "\xff\xff", "what has the prefix stands in front of what follows it");
  }
}

}  // namespace

/// The first byte chooses what the damaged bytes are: a record, an event, fields or a key.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Choices choices(data, size);
  switch (choices.below(4)) {
    case 0: check_job(choices.rest()); break;
    case 1: {
      const auto created_at = static_cast<hawser::WallMillis>(choices.number(8));
      check_event(choices.rest(), created_at);
      break;
    }
    case 2: {
      const auto kinds = choices.text();
      check_fields(kinds, choices.rest());
      break;
    }
    default: check_keys(choices.rest()); break;
  }
  return 0;
}
