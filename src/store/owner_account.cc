#include "store/owner_account.h"

#include <utility>

#include "base/big_endian.h"
#include "store/codec.h"
#include "store/keys.h"

namespace hawser::store {
namespace {

constexpr std::size_t kHeadBytes = sizeof(std::uint64_t);

}  // namespace

std::string encode_account(const OwnerAccount& account) {
  FieldWriter out;
  std::string head;
  append_big_endian(head, account.head);
  out.rest(head).number(account.floor).number(account.ended.bytes);
  for (const auto count : account.ended.jobs) out.number(count);
  for (const auto position : account.oldest) out.number(position);
  return std::move(out).take();
}

std::optional<OwnerAccount> decode_account(std::string_view bytes) {
  if (bytes.size() < kHeadBytes) return std::nullopt;
  OwnerAccount account;
  account.head = read_big_endian(bytes.substr(0, kHeadBytes));
  if (bytes.size() == kHeadBytes) return account;
  FieldReader in(bytes.substr(kHeadBytes));
  account.floor = in.number();
  account.ended.bytes = in.number();
  for (auto& count : account.ended.jobs) count = in.number();
  for (auto& position : account.oldest) position = in.number();
  if (!in.at_end()) return std::nullopt;
  return account;
}

Result<OwnerAccount> load_account(const Database& database, std::string_view owner,
                                  const rocksdb::Snapshot* snapshot) {
  const auto bytes = database.get(Family::index, keys::owner_head(owner), snapshot);
  if (!bytes) return std::unexpected(bytes.error());
  if (!*bytes) return OwnerAccount{};
  const auto account = decode_account(**bytes);
  if (!account) return std::unexpected(database.damage().found("the account of an owner"));
  return *account;
}

}  // namespace hawser::store
