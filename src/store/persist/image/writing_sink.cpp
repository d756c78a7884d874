#include "store/persist/image/writing_sink.h"

#include "base/assert.h"

namespace weir::store {

using rdb::Packed;
using rdb::Record;
using rdb::Shape;
using rdb::Type;

bool WritingSink::string(const Record& record, const Element& value) {
  open(record, Type::kString).element(value);
  return true;
}

bool WritingSink::packed(const Record& record, Packed form, std::string_view blob) {
  const Type type = form == Packed::kIntset         ? Type::kSetIntset
                    : form == Packed::kHashListpack ? Type::kHashListpack
                                                    : Type::kZsetListpack;
  open(record, type).string(blob);
  return true;
}

bool WritingSink::begin(const Record& record, Shape shape, std::uint64_t count) {
  switch (shape) {
    case Shape::kList: value_ = &open(record, Type::kListOfNodes); break;
    case Shape::kSet: value_ = &open(record, Type::kSet); break;
    case Shape::kZset: value_ = &open(record, Type::kZset); break;
    case Shape::kHash: value_ = &open(record, Type::kHash); break;
    case Shape::kStream: WEIR_ASSERT(false && "streams are not kept yet");
  }
  value_->count(count);
  return true;
}

void WritingSink::list_element(const Element& element) {
  Element::Digits digits;
  value_->plain_node(element.text(digits));
}

bool WritingSink::set_member(const Element& member) {
  value_->element(member);
  return true;
}

bool WritingSink::zset_member(const Element& member, double score) {
  value_->element(member);
  value_->score(score);
  return true;
}

bool WritingSink::hash_field(const Element& field, const Element& value, std::uint64_t) {
  value_->element(field);
  value_->element(value);
  return true;
}

void WritingSink::stream_bytes(std::uint8_t, std::string_view) { WEIR_ASSERT(false && "streams are not kept yet"); }

bool FileSink::select_database(std::uint64_t number) {
  writer_.select_database(number);
  return true;
}

rdb::ValueWriter& DumpSink::open(const Record&, Type type) { return dump_.emplace(type, compress_).value(); }

}  // namespace weir::store
