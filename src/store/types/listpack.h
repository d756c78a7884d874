// Listpack: a sequence of small elements in one blob, in Redis's format to the byte, because RDB files, DUMP payloads
// and streams hold it. Entries are drawn in listpack_entry.h.
//
//   +-------------+-----------+-------+-------+-----+------+
//   | bytes (u32) | count u16 | entry | entry | ... | 0xff |     little-endian; count 65535 means "count them"
//   +-------------+-----------+-------+-------+-----+------+
//
// ListpackView reads borrowed bytes; Listpack owns a blob from the Heap and edits it. Nothing is allocated on reading.
// An object of one pointer: the sizes stand in the blob. One owner, one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <span>
#include <string_view>

#include "store/types/listpack_entry.h"

namespace weir::store {

class ListpackView {
 public:
  static constexpr std::size_t kHeaderBytes = 6;

  // A place in a listpack: an entry, or end(). Invalid after any change of the blob.
  class Cursor {
   public:
    using iterator_category = std::bidirectional_iterator_tag;
    using value_type = Element;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = Element;

    Cursor() = default;
    explicit Cursor(const char* at) : at_(at) {}

    // Requires: not end().
    Element operator*() const { return listpack_entry::decode(at_); }
    Cursor& operator++() {
      at_ = listpack_entry::next(at_);
      return *this;
    }
    Cursor operator++(int) {
      const Cursor before = *this;
      ++*this;
      return before;
    }
    // Requires: not the first.
    Cursor& operator--() {
      at_ = listpack_entry::previous(at_);
      return *this;
    }
    Cursor operator--(int) {
      const Cursor before = *this;
      --*this;
      return before;
    }
    friend bool operator==(Cursor, Cursor) = default;

    const char* address() const { return at_; }

   private:
    const char* at_ = nullptr;
  };

  // Whether these bytes are a whole listpack: every length is checked, from both sides, and the count. O(n).
  static bool valid(std::string_view blob);

  // Requires: valid(blob).
  explicit ListpackView(std::string_view blob) : blob_(blob.data()) {}
  explicit ListpackView(const char* blob) : blob_(blob) {}

  std::string_view blob() const { return {blob_, size_bytes()}; }
  std::size_t size_bytes() const;
  // O(1) up to 65,534 entries, else O(n).
  std::size_t count() const;
  bool empty() const { return size_bytes() == kHeaderBytes + 1; }

  Cursor begin() const { return Cursor(blob_ + kHeaderBytes); }
  Cursor end() const { return Cursor(blob_ + size_bytes() - 1); }
  // The entry at `index` from the front, or end(). O(n), walking from the nearer side.
  Cursor at(std::size_t index) const;

  // The first element at or after `from` that equals `text`, or end(). After each comparison `skip` entries are passed
  // over: 1 looks at the fields of a hash and not at its values.
  Cursor find(std::string_view text, Cursor from, std::size_t skip = 0) const;

 private:
  const char* blob_;
};

class Listpack {
 public:
  using Cursor = ListpackView::Cursor;

  // Redis grows no listpack beyond this; the owner changes to another encoding long before.
  static constexpr std::size_t kMaxBytes = std::size_t{1} << 30;

  Listpack();
  // A copy. Requires: ListpackView::valid(blob).
  explicit Listpack(std::string_view blob);
  // Takes over what release() gave away.
  static Listpack adopt(char* blob);
  Listpack(Listpack&& other) noexcept;
  Listpack& operator=(Listpack&& other) noexcept;
  Listpack(const Listpack&) = delete;
  Listpack& operator=(const Listpack&) = delete;
  ~Listpack();

  // Gives the blob to the caller, who must bring it back by adopt() or release it to the Heap. Ends this object's life
  // but for its destructor and assignment.
  [[nodiscard]] char* release();

  ListpackView view() const { return ListpackView(blob_); }
  Cursor begin() const { return view().begin(); }
  Cursor end() const { return view().end(); }
  std::size_t count() const { return view().count(); }
  std::size_t size_bytes() const { return view().size_bytes(); }
  bool has_room_for(std::size_t more_bytes) const { return size_bytes() + more_bytes <= kMaxBytes; }

  // Every change returns the place of the first entry written, or of the one behind what was erased. The texts may not
  // be borrowed from this listpack itself. Requires: has_room_for() the new entries.
  Cursor insert(Cursor before, std::span<const EncodedEntry> entries) { return splice(before, before, 0, entries); }
  Cursor insert(Cursor before, std::initializer_list<EncodedEntry> entries) {
    return insert(before, std::span(entries.begin(), entries.size()));
  }
  Cursor insert(Cursor before, std::string_view text) { return insert(before, {EncodedEntry(text)}); }
  // Requires: `after` is not end().
  Cursor insert_after(Cursor after, std::string_view text) { return insert(++after, text); }
  Cursor append(std::string_view text) { return insert(end(), text); }
  Cursor append(std::initializer_list<EncodedEntry> entries) { return insert(end(), entries); }
  Cursor prepend(std::string_view text) { return insert(begin(), text); }
  // Requires: `at` is not end().
  Cursor replace(Cursor at, const EncodedEntry& entry);
  Cursor replace(Cursor at, std::string_view text) { return replace(at, EncodedEntry(text)); }
  // As many as there are, up to `count`.
  Cursor erase(Cursor from, std::size_t count = 1);
  void clear();

 private:
  struct Adopted {};
  Listpack(Adopted, char* blob) : blob_(blob) {}

  Cursor splice(Cursor first, Cursor last, std::size_t erased, std::span<const EncodedEntry> entries);
  void resize(std::size_t bytes);

  char* blob_;
};

}  // namespace weir::store
