#include "store/keyspace/database.h"

#include <algorithm>
#include <limits>
#include <new>

#include "base/assert.h"
#include "store/keyspace/snapshot.h"
#include "store/types/listpack_entry.h"

namespace weir::store {

namespace {

// Freeing fewer allocations than this is not worth another thread.
constexpr std::size_t kDisposeEffort = 64;

bool holds_object(ValueKind kind) { return kind != ValueKind::kInteger && kind != ValueKind::kInline; }

}  // namespace

Contents::~Contents() {
  table.for_each([this](Entry& entry) {
    if (holds_object(entry.kind())) destroy_object(entry.kind(), &entry.as<std::byte>());
    // Cells go with their pages.
    if (const std::size_t bytes = entry.footprint(); bytes > Arena::kMaxCellBytes) arena.release(&entry, bytes);
  });
}

DetachedValue::DetachedValue(ValueKind kind, const void* object) : kind_(kind) {
  WEIR_ASSERT(object_bytes(kind) <= kMaxObjectBytes);
  std::memcpy(object_, object, object_bytes(kind));
}
DetachedValue::DetachedValue(DetachedValue&& other) noexcept : kind_(other.kind_) {
  std::memcpy(object_, other.object_, sizeof object_);
  other.kind_ = ValueKind::kInline;
}
DetachedValue& DetachedValue::operator=(DetachedValue&& other) noexcept {
  std::swap(kind_, other.kind_);
  std::swap(object_, other.object_);
  return *this;
}
DetachedValue::~DetachedValue() { destroy_object(kind_, object_); }

void Disposer::dispose(std::unique_ptr<Contents>) {}

Database::Place Database::find(const Key& key) const {
  return contents_->table.find(key.hash, [&](const Entry& entry) { return entry.key() == key.bytes; });
}

Database::Place Database::find_live(const Key& key, UnixMs now) {
  const Place place = find(key);
  if (!place || !place.item()->expired(now) || context_.shows_expired) return place;
  if (context_.removes_expired) remove(key, RemovalReason::kExpired);
  return Place();
}

void Database::use(Entry& entry) {
  if (context_.touches_on_read) entry.set_access(context_.access.used(entry.access(), context_.random));
}

void Database::before_change(const Key& key, Entry& entry) {
  if (context_.snapshot != nullptr) context_.snapshot->before_change(*contents_, key.hash, entry);
}

const Entry* Database::peek(const Key& key, UnixMs now) {
  const Place place = find_live(key, now);
  return place ? place.item() : nullptr;
}

const Entry* Database::peek_even_expired(const Key& key) const {
  const Place place = find(key);
  return place ? place.item() : nullptr;
}

const Entry* Database::look_up_untouched(const Key& key, UnixMs now) {
  const Place place = find_live(key, now);
  ++(place ? context_.stats.hits : context_.stats.misses);
  return place ? place.item() : nullptr;
}

const Entry* Database::look_up(const Key& key, UnixMs now) {
  const Place place = find_live(key, now);
  if (!place) {
    ++context_.stats.misses;
    return nullptr;
  }
  ++context_.stats.hits;
  use(*place.item());
  return place.item();
}

Entry* Database::find_for_write(const Key& key, UnixMs now) {
  const Place place = find_live(key, now);
  if (!place) return nullptr;
  use(*place.item());
  before_change(key, *place.item());
  return place.item();
}

Entry* Database::look_up_for_write(const Key& key, UnixMs now) {
  Entry* entry = find_for_write(key, now);
  ++(entry == nullptr ? context_.stats.misses : context_.stats.hits);
  return entry;
}

Entry& Database::make(const Key& key, const Entry::Shape& shape) {
  Entry* entry = Entry::construct(contents_->arena.allocate(Entry::bytes_for(shape)), shape, key.bytes);
  entry->set_access(context_.access.fresh());
  return *entry;
}

void Database::put(const Key& key, Entry& entry) {
  if (context_.snapshot != nullptr) entry.set_preserved(context_.snapshot->ahead(*contents_, key.hash));
  Place place = find(key);
  if (place) {
    Entry& old = *place.item();
    before_change(key, old);
    contents_->table.replace(place, &entry);
    contents_->table.set_flag(place, entry.has_expiry());
    release(old);
  } else {
    place = contents_->table.insert(key.hash, &entry, entry.has_expiry());
  }
  if (entry.has_expiry()) contents_->table.lower_bound(place, *entry.expires_at());
}

void Database::release(Entry& entry) {
  const ValueKind kind = entry.kind();
  if (holds_object(kind)) {
    void* object = &entry.as<std::byte>();
    if (free_effort(kind, object) > kDisposeEffort) {
      context_.disposer->dispose(DetachedValue(kind, object));
    } else {
      destroy_object(kind, object);
    }
  }
  release_memory(entry);
}

void Database::release_memory(Entry& entry) { contents_->arena.release(&entry, entry.footprint()); }

void Database::set_string(const Key& key, std::string_view value, std::optional<UnixMs> expires_at) {
  if (const auto integer = canonical_integer(value)) return set_integer(key, *integer, expires_at);
  set_text(key, value, expires_at);
}

void Database::set_text(const Key& key, std::string_view value, std::optional<UnixMs> expires_at) {
  if (value.size() > Entry::kMaxInlineBytes) return set_buffer(key, StringBuffer(value), expires_at);
  const Entry::Shape shape{.kind = ValueKind::kInline,
                           .has_expiry = expires_at.has_value(),
                           .key_length = key.bytes.size(),
                           .inline_length = value.size()};
  if (const Place place = find(key)) {
    Entry& old = *place.item();
    if (old.kind() == ValueKind::kInline && old.has_expiry() == shape.has_expiry &&
        old.inline_string().size() == value.size()) {
      before_change(key, old);
      std::memcpy(old.inline_bytes(), value.data(), value.size());
      use(old);
      if (expires_at) {
        old.set_expires_at(*expires_at);
        contents_->table.lower_bound(place, *expires_at);
      }
      return;
    }
  }
  Entry& entry = make(key, shape);
  std::memcpy(entry.inline_bytes(), value.data(), value.size());
  if (expires_at) entry.set_expires_at(*expires_at);
  put(key, entry);
}

void Database::set_integer(const Key& key, std::int64_t value, std::optional<UnixMs> expires_at) {
  Entry& entry =
      make(key, {.kind = ValueKind::kInteger, .has_expiry = expires_at.has_value(), .key_length = key.bytes.size()});
  entry.set_integer(value);
  if (expires_at) entry.set_expires_at(*expires_at);
  put(key, entry);
}

void Database::set_buffer(const Key& key, StringBuffer value, std::optional<UnixMs> expires_at) {
  set_object(key, std::move(value), expires_at);
}

void Database::reserve(std::size_t keys) {
  if (contents_->table.size() == 0 && keys > 0) contents_->table.reserve(keys);
}

Entry& Database::prepare_string(const Key& key, const Element& value, std::optional<UnixMs> expires_at) {
  prefetch_bucket(key);
  Entry::Shape shape{.has_expiry = expires_at.has_value(), .key_length = key.bytes.size()};
  const std::optional<std::int64_t> integer = value.as_integer();
  if (integer) {
    shape.kind = ValueKind::kInteger;
  } else if (value.bytes.size() <= Entry::kMaxInlineBytes) {
    shape.inline_length = value.bytes.size();
  } else {
    shape.kind = ValueKind::kBuffer;
  }
  Entry& entry = make(key, shape);
  if (integer) {
    entry.set_integer(*integer);
  } else if (shape.kind == ValueKind::kBuffer) {
    new (&entry.as<StringBuffer>()) StringBuffer(value.bytes);
  } else if (!value.bytes.empty()) {
    std::memcpy(entry.inline_bytes(), value.bytes.data(), value.bytes.size());
  }
  if (expires_at) entry.set_expires_at(*expires_at);
  return entry;
}

bool Database::place_prepared(Entry& entry, std::uint64_t hash, bool replaces) {
  const Key key(entry.key(), hash);
  if (!find(key)) {
    if (context_.snapshot != nullptr) entry.set_preserved(context_.snapshot->ahead(*contents_, hash));
    const Place place = contents_->table.insert(hash, &entry, entry.has_expiry());
    if (entry.has_expiry()) contents_->table.lower_bound(place, *entry.expires_at());
    return true;
  }
  if (!replaces) {
    release(entry);
    return false;
  }
  put(key, entry);
  return true;
}

StringBuffer& Database::edit_string(const Key& key, Entry& entry) {
  if (entry.kind() == ValueKind::kBuffer) return entry.as<StringBuffer>();
  NumberText scratch;
  return set_object(key, StringBuffer(entry.string(scratch)), entry.expires_at());
}

void Database::set_copy(const Key& key, const Entry& source) {
  Entry::Shape shape = source.shape();
  shape.key_length = key.bytes.size();
  Entry& entry = make(key, shape);
  switch (source.kind()) {
    case ValueKind::kInline:
      std::memcpy(entry.inline_bytes(), source.inline_string().data(), shape.inline_length);
      break;
    default: copy_object(source.kind(), &source.as<std::byte>(), &entry.as<std::byte>());
  }
  if (const auto at = source.expires_at()) entry.set_expires_at(*at);
  put(key, entry);
}

void Database::set_expiry(const Key& key, std::optional<UnixMs> expires_at) {
  const Place place = find(key);
  WEIR_ASSERT(place);
  Entry& old = *place.item();
  before_change(key, old);
  if (old.has_expiry() != expires_at.has_value()) {
    Entry::Shape shape = old.shape();
    shape.has_expiry = expires_at.has_value();
    Entry& entry = make(key, shape);
    entry.set_access(old.access());
    entry.set_preserved(old.preserved());
    std::memcpy(&entry.as<std::byte>(), &old.as<std::byte>(), object_bytes(shape.kind));
    if (shape.kind == ValueKind::kInline) {
      std::memcpy(entry.inline_bytes(), old.inline_string().data(), shape.inline_length);
    }
    contents_->table.replace(place, &entry);
    contents_->table.set_flag(place, shape.has_expiry);
    release_memory(old);
  }
  if (!expires_at) return;
  place.item()->set_expires_at(*expires_at);
  contents_->table.lower_bound(place, *expires_at);
}

void Database::take_out(Place place) {
  Entry& entry = *place.item();
  contents_->table.erase(place);
  release(entry);
}

bool Database::erase(const Key& key, UnixMs now) {
  const Place place = find_live(key, now);
  if (!place) return false;
  before_change(key, *place.item());
  take_out(place);
  return true;
}

void Database::remove(const Key& key, RemovalReason reason) {
  const Place place = find(key);
  WEIR_ASSERT(place);
  before_change(key, *place.item());
  // The key may be the entry's own bytes, and the listener hears of it when it is gone.
  const std::string name(key.bytes);
  take_out(place);
  ++(reason == RemovalReason::kExpired ? context_.stats.expired : context_.stats.evicted);
  if (context_.listener != nullptr) context_.listener->on_removed(index_, name, reason);
}

void Database::move(const Key& key, Database& target, const Key& target_key) {
  const Place place = find(key);
  WEIR_ASSERT(place);
  Entry& old = *place.item();
  before_change(key, old);
  Entry::Shape shape = old.shape();
  shape.key_length = target_key.bytes.size();
  Entry& entry = target.make(target_key, shape);
  entry.set_access(old.access());
  std::memcpy(&entry.as<std::byte>(), &old.as<std::byte>(), object_bytes(shape.kind));
  if (shape.kind == ValueKind::kInline) {
    std::memcpy(entry.inline_bytes(), old.inline_string().data(), shape.inline_length);
  }
  if (const auto at = old.expires_at()) entry.set_expires_at(*at);
  contents_->table.erase(place);
  release_memory(old);
  target.put(target_key, entry);
}

void Database::clear() {
  auto old = std::make_unique<Contents>();
  contents_.swap(old);
  expire_cursor_ = 0;
  if (context_.snapshot != nullptr) context_.snapshot->before_clear(old);
  if (old != nullptr) context_.disposer->dispose(std::move(old));
}

std::size_t Database::expire_some(UnixMs now, std::size_t limit, bool& finished) {
  // Segments are small: one is always done whole.
  std::size_t removed = 0;
  std::vector<std::string> keys;
  while (removed < limit) {
    keys.clear();
    expire_cursor_ = contents_->table.sweep(expire_cursor_, now, [&](Entry& entry) {
      if (!entry.expired(now)) return *entry.expires_at();
      keys.emplace_back(entry.key());
      return std::numeric_limits<std::int64_t>::max();
    });
    for (const std::string& key : keys) remove(key, RemovalReason::kExpired);
    removed += keys.size();
    if (expire_cursor_ == 0) {
      finished = true;
      break;
    }
  }
  return removed;
}

}  // namespace weir::store
