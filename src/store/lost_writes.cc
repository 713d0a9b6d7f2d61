#include "store/lost_writes.h"

#include <algorithm>
#include <utility>

#include "store/keys.h"
#include "store/record_codec.h"
#include "store/wal_record.h"

namespace hawser::store {

class LostKeys final : public rocksdb::WriteBatch::Handler {
 public:
  LostKeys(const Database& database, LostWrites& lost) : database_(database), lost_(lost) {}

  rocksdb::Status PutCF(std::uint32_t id, const rocksdb::Slice& key, const rocksdb::Slice& value) override {
    if (const auto family = database_.family(id)) lost_.note(*family, view(key), view(value));
    return rocksdb::Status::OK();
  }
  // A batch is read to its end, whatever else is in it.
  rocksdb::Status DeleteCF(std::uint32_t, const rocksdb::Slice&) override { return rocksdb::Status::OK(); }
  rocksdb::Status DeleteRangeCF(std::uint32_t, const rocksdb::Slice&, const rocksdb::Slice&) override {
    return rocksdb::Status::OK();
  }

 private:
  const Database& database_;
  LostWrites& lost_;
};

void LostWrites::add(const Database& database, std::string_view log, std::uint64_t from) {
  LostKeys keys(database, *this);
  unreadable_bytes_ += for_each_write(log, from, [&keys](std::string bytes) {
    const rocksdb::WriteBatch batch(std::move(bytes));
    batch.Iterate(&keys).PermitUncheckedError();  // What cannot be read names nobody.
  });
}

void LostWrites::note(Family family, std::string_view key, std::string_view value) {
  if (family == Family::job) {
    if (const auto record = decode_record(value)) jobs_[record->id].owner = *record->owner;
  } else if (family == Family::event) {
    const auto id = keys::trailing_id(key.substr(0, keys::kIdBytes));
    const auto sequence = keys::event_sequence(key);
    if (!id || !sequence) return;
    auto& job = jobs_[*id];
    job.through = std::max(job.through, *sequence);
  }
}

}  // namespace hawser::store
