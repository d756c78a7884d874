#include "store/persist/rdb/value_reader.h"

#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "store/types/intset.h"
#include "store/types/listpack.h"
#include "store/types/ziplist.h"
#include "store/types/zipmap.h"

namespace weir::store::rdb {

namespace {

constexpr std::string_view kDuplicateKey = "a key that is there already";
constexpr std::string_view kDuplicateMember = "the same member twice";
// The calendar ends here for a field: 48 bits of milliseconds.
constexpr std::uint64_t kMaxFieldExpiry = (std::uint64_t{1} << 48) - 1;

// The lengths that stand for scores that are no digits.
constexpr std::uint8_t kScoreNan = 253;
constexpr std::uint8_t kScoreInfinity = 254;
constexpr std::uint8_t kScoreMinusInfinity = 255;

bool score_as_text(Input& in, double& score) {
  std::uint8_t size = 0;
  if (!in.byte(size)) return false;
  switch (size) {
    case kScoreNan: return in.fail("a score that is no number");
    case kScoreInfinity: score = std::numeric_limits<double>::infinity(); return true;
    case kScoreMinusInfinity: score = -std::numeric_limits<double>::infinity(); return true;
    default: break;
  }
  std::string_view text;
  if (!in.bytes(size, text, "a score")) return false;
  const std::optional<double> parsed = parse_score(Element::of_bytes(text));
  if (!parsed) return in.fail("a score that is no number");
  score = *parsed;
  return true;
}

bool score_as_double(Input& in, double& score) {
  std::uint64_t bits = 0;
  if (!in.little_endian(bits)) return false;
  score = std::bit_cast<double>(bits);
  return !std::isnan(score) || in.fail("a score that is no number");
}

Shape shape_of(Type type) {
  switch (type) {
    case Type::kList: return Shape::kList;
    case Type::kSet: return Shape::kSet;
    case Type::kZsetText:
    case Type::kZset: return Shape::kZset;
    default: return Shape::kHash;
  }
}

}  // namespace

bool ValueReader::known(std::uint8_t type) {
  return type <= static_cast<std::uint8_t>(Type::kHashListpackExpiries) && type != 8 &&
         type != static_cast<std::uint8_t>(Type::kModule) && type != static_cast<std::uint8_t>(Type::kModuleUnmarked);
}

bool ValueReader::no_value() {
  ++empty_values_;
  left_ = 0;
  return true;
}

bool ValueReader::begin(Input& in, Type type, const Record& record, Sink& sink) {
  type_ = type;
  switch (type) {
    case Type::kString: {
      Element value;
      if (!in.element(value, scratch_)) return false;
      return sink.string(record, value) || in.fail(kDuplicateKey);
    }
    case Type::kList:
    case Type::kSet:
    case Type::kZsetText:
    case Type::kZset:
    case Type::kHash:
    case Type::kHashExpiriesEarly:
    case Type::kHashExpiries: return begin_pieces(in, record, sink);
    case Type::kListOfZiplists:
    case Type::kListOfNodes: {
      std::uint64_t count = 0;
      if (!in.count(count, 1, "nodes of a list")) return false;
      if (count == 0) return no_value();
      list_key_ = record.key;
      list_ = record;
      list_begun_ = false;
      left_ = count;
      return true;
    }
    case Type::kStream:
    case Type::kStream2:
    case Type::kStream3: return begin_stream(record, in, sink);
    default: return whole_blob(in, record, sink);
  }
}

bool ValueReader::begin_pieces(Input& in, const Record& record, Sink& sink) {
  std::uint64_t soonest = 0;
  if (type_ == Type::kHashExpiries && !in.little_endian(soonest)) return false;
  // A hash's field and its value take a byte each at least, a member and its score two and nine.
  std::uint64_t least = 1;
  if (type_ == Type::kHash || type_ == Type::kZsetText) least = 2;
  if (type_ == Type::kHashExpiries || type_ == Type::kHashExpiriesEarly) least = 3;
  if (type_ == Type::kZset) least = 9;
  std::uint64_t count = 0;
  if (!in.count(count, least, "elements")) return false;
  if (count == 0) return no_value();
  if (!sink.begin(record, shape_of(type_), Input::hint(count))) return in.fail(kDuplicateKey);
  soonest_expiry_ = soonest;
  left_ = count;
  return true;
}

bool ValueReader::begin_stream(const Record& record, Input& in, Sink& sink) {
  StreamWalk walk;
  walk.start(type_);
  const std::size_t before = in.item().size();
  if (!walk.step(in, scratch_)) return false;
  if (!sink.begin(record, Shape::kStream, 0)) return in.fail(kDuplicateKey);
  sink.stream_bytes(static_cast<std::uint8_t>(type_), in.item().substr(before));
  stream_ = walk;
  left_ = 1;
  return true;
}

bool ValueReader::whole_blob(Input& in, const Record& record, Sink& sink) {
  std::uint64_t soonest = 0;
  if (type_ == Type::kHashListpackExpiries && !in.little_endian(soonest)) return false;
  std::string_view blob;
  if (!in.string(blob, scratch_)) return false;
  switch (type_) {
    case Type::kHashZipmap: return give_zipmap(in, blob, record, sink);
    case Type::kListZiplist:
    case Type::kZsetZiplist:
    case Type::kHashZiplist: return give_ziplist(in, blob, record, sink);
    case Type::kSetIntset: return give_intset(in, blob, record, sink);
    default: break;
  }
  if (!ListpackView::valid(blob)) return in.fail("a value that is no listpack");
  if (ListpackView(blob).empty()) return no_value();
  switch (type_) {
    case Type::kHashListpack: return give_hash_listpack(in, blob, record, sink);
    case Type::kZsetListpack: return give_zset_listpack(in, blob, record, sink);
    case Type::kSetListpack: return give_set_listpack(in, blob, record, sink);
    default: return give_hash_with_expiries(in, blob, record, sink);
  }
}

bool ValueReader::give_hash_listpack(Input& in, std::string_view blob, const Record& record, Sink& sink) {
  const std::string_view wrong = check_.distinct(ListpackView(blob), 2);
  if (!wrong.empty()) return in.fail(fmt::format("a hash's listpack with {}", wrong));
  return sink.packed(record, Packed::kHashListpack, blob) || in.fail(kDuplicateKey);
}

bool ValueReader::give_zset_listpack(Input& in, std::string_view blob, const Record& record, Sink& sink) {
  const ListpackView list(blob);
  const std::string_view wrong = check_.distinct(list, 2);
  if (!wrong.empty()) return in.fail(fmt::format("a sorted set's listpack with {}", wrong));
  const PackedCheck::Scores scores = check_.scores(list);
  if (!scores.wrong.empty()) return in.fail(fmt::format("a sorted set's listpack with {}", scores.wrong));
  if (scores.sorted) return sink.packed(record, Packed::kZsetListpack, blob) || in.fail(kDuplicateKey);
  if (!sink.begin(record, Shape::kZset, list.count() / 2)) return in.fail(kDuplicateKey);
  for (auto at = list.begin(); at != list.end();) {
    const Element member = *at++;
    if (!sink.zset_member(member, *parse_score(*at++))) return in.fail(kDuplicateMember);
  }
  sink.end();
  return true;
}

bool ValueReader::give_set_listpack(Input& in, std::string_view blob, const Record& record, Sink& sink) {
  const ListpackView list(blob);
  if (!sink.begin(record, Shape::kSet, list.count())) return in.fail(kDuplicateKey);
  for (const Element& member : list) {
    if (!sink.set_member(member)) return in.fail(kDuplicateMember);
  }
  sink.end();
  return true;
}

// Triples of field, value and expiry, the soonest first and 0 for never; the order is not relied upon.
bool ValueReader::give_hash_with_expiries(Input& in, std::string_view blob, const Record& record, Sink& sink) {
  const ListpackView list(blob);
  const std::size_t entries = list.count();
  if (entries % 3 != 0) return in.fail("a hash's listpack with entries that do not come in whole groups");
  if (!sink.begin(record, Shape::kHash, entries / 3)) return in.fail(kDuplicateKey);
  for (auto at = list.begin(); at != list.end();) {
    const Element field = *at++;
    const Element value = *at++;
    const Element expiry = *at++;
    if (!expiry.is_integer || expiry.integer < 0 || static_cast<std::uint64_t>(expiry.integer) > kMaxFieldExpiry) {
      return in.fail("a field's expiry that is no time");
    }
    if (!sink.hash_field(field, value, static_cast<std::uint64_t>(expiry.integer))) return in.fail(kDuplicateMember);
  }
  sink.end();
  return true;
}

bool ValueReader::give_ziplist(Input& in, std::string_view blob, const Record& record, Sink& sink) {
  if (!ZiplistView::valid(blob)) return in.fail("a value that is no ziplist");
  const ZiplistView list(blob);
  const std::size_t entries = list.count();
  if (entries == 0) return no_value();
  const bool pairs = type_ != Type::kListZiplist;
  if (pairs && entries % 2 != 0) return in.fail("a ziplist with entries that do not come in pairs");
  const Shape shape = !pairs ? Shape::kList : type_ == Type::kZsetZiplist ? Shape::kZset : Shape::kHash;
  if (!sink.begin(record, shape, pairs ? entries / 2 : entries)) return in.fail(kDuplicateKey);
  for (auto at = list.begin(); at != list.end();) {
    const Element first = *at++;
    if (shape == Shape::kList) {
      sink.list_element(first);
    } else if (shape == Shape::kHash) {
      if (!sink.hash_field(first, *at++, 0)) return in.fail(kDuplicateMember);
    } else {
      const std::optional<double> score = parse_score(*at++);
      if (!score) return in.fail("a score that is no number");
      if (!sink.zset_member(first, *score)) return in.fail(kDuplicateMember);
    }
  }
  sink.end();
  return true;
}

bool ValueReader::give_zipmap(Input& in, std::string_view blob, const Record& record, Sink& sink) {
  if (!ZipmapView::valid(blob)) return in.fail("a value that is no zipmap");
  ZipmapView pairs(blob);
  if (pairs.done()) return no_value();
  if (!sink.begin(record, Shape::kHash, 0)) return in.fail(kDuplicateKey);
  while (!pairs.done()) {
    const ZipmapView::Pair pair = pairs.next();
    if (!sink.hash_field(Element::of_bytes(pair.field), Element::of_bytes(pair.value), 0)) {
      return in.fail(kDuplicateMember);
    }
  }
  sink.end();
  return true;
}

bool ValueReader::give_intset(Input& in, std::string_view blob, const Record& record, Sink& sink) {
  if (!IntsetView::valid(blob)) return in.fail("a value that is no intset");
  return sink.packed(record, Packed::kIntset, blob) || in.fail(kDuplicateKey);
}

bool ValueReader::go_on(Input& in, Sink& sink) {
  while (left_ > 0) {
    if (!piece(in, sink)) return false;
    in.commit();
  }
  return true;
}

bool ValueReader::piece(Input& in, Sink& sink) {
  switch (type_) {
    case Type::kStream:
    case Type::kStream2:
    case Type::kStream3:
      if (!stream_.step(in, scratch_)) return false;
      sink.stream_bytes(static_cast<std::uint8_t>(type_), in.item());
      if (!stream_.done()) return true;
      break;
    case Type::kList: {
      Element element;
      if (!in.element(element, scratch_)) return false;
      sink.list_element(element);
      break;
    }
    case Type::kSet: {
      Element member;
      if (!in.element(member, scratch_)) return false;
      if (!sink.set_member(member)) return in.fail(kDuplicateMember);
      break;
    }
    case Type::kZsetText:
    case Type::kZset:
      if (!zset_member(in, sink)) return false;
      break;
    case Type::kHash:
      if (!hash_field(in, sink)) return false;
      break;
    case Type::kHashExpiries:
    case Type::kHashExpiriesEarly:
      if (!hash_field_with_expiry(in, sink)) return false;
      break;
    default:
      if (!list_node(in, sink)) return false;
      if (left_ == 1 && !list_begun_) return no_value();
      break;
  }
  if (--left_ == 0) sink.end();
  return true;
}

bool ValueReader::begin_list_of_nodes(Input& in, Sink& sink) {
  if (list_begun_) return true;
  list_.key = list_key_;
  list_begun_ = sink.begin(list_, Shape::kList, Input::hint(left_));
  return list_begun_ || in.fail(kDuplicateKey);
}

bool ValueReader::list_node(Input& in, Sink& sink) {
  std::uint64_t container = kPackedNode;
  if (type_ == Type::kListOfNodes && !in.length(container)) return false;
  if (container != kPackedNode && container != kPlainNode) return in.fail("a list's node of no known kind");
  std::string_view blob;
  if (!in.string(blob, scratch_)) return false;
  if (blob.empty()) return in.fail("a list's node without bytes");

  if (container == kPlainNode) {
    if (!begin_list_of_nodes(in, sink)) return false;
    sink.list_element(Element::of_bytes(blob));
    return true;
  }
  if (type_ == Type::kListOfNodes) {
    if (!ListpackView::valid(blob)) return in.fail("a list's node that is no listpack");
    if (ListpackView(blob).empty()) return true;
    if (!begin_list_of_nodes(in, sink)) return false;
    sink.list_node(blob);
    return true;
  }
  if (!ZiplistView::valid(blob)) return in.fail("a list's node that is no ziplist");
  const ZiplistView list(blob);
  if (list.begin() == list.end()) return true;
  if (!begin_list_of_nodes(in, sink)) return false;
  for (const Element& element : list) sink.list_element(element);
  return true;
}

bool ValueReader::zset_member(Input& in, Sink& sink) {
  Element member;
  double score = 0;
  if (!in.element(member, scratch_)) return false;
  if (!(type_ == Type::kZset ? score_as_double(in, score) : score_as_text(in, score))) return false;
  return sink.zset_member(member, score) || in.fail(kDuplicateMember);
}

bool ValueReader::hash_field(Input& in, Sink& sink) {
  Element field;
  Element value;
  if (!in.element(field, scratch_) || !in.element(value, other_scratch_)) return false;
  return sink.hash_field(field, value, 0) || in.fail(kDuplicateMember);
}

bool ValueReader::hash_field_with_expiry(Input& in, Sink& sink) {
  std::uint64_t expiry = 0;
  if (!in.length(expiry)) return false;
  // Relative to the soonest, counted from 1, since 0 means never.
  if (type_ == Type::kHashExpiries && expiry != 0) expiry += soonest_expiry_ - 1;
  if (expiry > kMaxFieldExpiry) return in.fail("a field's expiry that is no time");
  Element field;
  Element value;
  if (!in.element(field, scratch_) || !in.element(value, other_scratch_)) return false;
  return sink.hash_field(field, value, expiry) || in.fail(kDuplicateMember);
}

}  // namespace weir::store::rdb
