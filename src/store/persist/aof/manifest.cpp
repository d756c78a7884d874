#include "store/persist/aof/manifest.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/bytes.h"
#include "wire/resp/request.h"

namespace weir::store::aof {

using base::Result;

namespace {

// With its line end.
constexpr std::size_t kLongestLine = 1024;

bool is_plain(char c) { return c > ' ' && c <= '~' && c != '"' && c != '\\'; }

std::string quoted(std::string_view name) {
  if (std::ranges::all_of(name, is_plain)) return std::string(name);
  std::string text = "\"";
  for (const char c : name) {
    switch (c) {
      case '\\':
      case '"': text.append(1, '\\').append(1, c); break;
      case '\n': text += "\\n"; break;
      case '\r': text += "\\r"; break;
      case '\t': text += "\\t"; break;
      case '\a': text += "\\a"; break;
      case '\b': text += "\\b"; break;
      default:
        if (c >= ' ' && c <= '~') {
          text += c;
        } else {
          text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        }
    }
  }
  return text + '"';
}

void append_line(std::string& to, const ManifestFile& file, char type) {
  to += fmt::format("file {} seq {} type {}\n", quoted(file.name), file.sequence, type);
}

struct Line {
  ManifestFile file;
  char type = 0;
};

// Pairs of a key and a value; keys of later versions are passed over.
Result<Line> parse_line(std::string_view text) {
  std::string bytes;
  std::vector<std::size_t> sizes;
  const base::Error malformed = base::reject("expected 'file NAME seq NUMBER type b|h|i'");
  if (!wire::resp::split_words(text, bytes, sizes) || sizes.size() < 6 || sizes.size() % 2 != 0) return malformed;
  std::vector<std::string_view> words;
  for (std::size_t at = 0; const std::size_t size : sizes) {
    words.push_back(std::string_view(bytes).substr(at, size));
    at += size;
  }
  Line line;
  for (std::size_t i = 0; i < words.size(); i += 2) {
    if (base::equal_ignoring_case(words[i], "file")) {
      line.file.name = words[i + 1];
      if (line.file.name.find_first_of("/\\") != std::string::npos) {
        return base::reject("the file can't be a path, just a name");
      }
    } else if (base::equal_ignoring_case(words[i], "seq")) {
      line.file.sequence = base::parse_decimal<std::int64_t>(words[i + 1]).value_or(0);
    } else if (base::equal_ignoring_case(words[i], "type")) {
      line.type = words[i + 1].empty() ? '\0' : words[i + 1][0];
    }
  }
  if (line.file.name.empty() || line.file.name == "." || line.file.name == ".." || line.file.sequence == 0 ||
      line.type == 0) {
    return malformed;
  }
  return line;
}

Result<void> add(Manifest& manifest, Line line) {
  switch (line.type) {
    case 'b':
      if (manifest.base) return base::reject("there is a base file already");
      manifest.base_sequence = line.file.sequence;
      manifest.base = std::move(line.file);
      return {};
    case 'h': manifest.history.push_back(std::move(line.file)); return {};
    case 'i':
      if (line.file.sequence <= manifest.increment_sequence) {
        return base::reject("its sequence number is not above the one before");
      }
      manifest.add_increment(std::move(line.file));
      return {};
    default: return base::reject(fmt::format("unknown type '{}'", base::printable({&line.type, 1})));
  }
}

}  // namespace

std::string Manifest::to_text() const {
  std::string text;
  if (base) append_line(text, *base, 'b');
  for (const ManifestFile& file : history) append_line(text, file, 'h');
  for (const ManifestFile& file : increments) append_line(text, file, 'i');
  return text;
}

ManifestFile Manifest::next_base(std::string_view prefix) const {
  return {.name = fmt::format("{}.{}.base.rdb", prefix, base_sequence + 1), .sequence = base_sequence + 1};
}

ManifestFile Manifest::next_increment(std::string_view prefix) const {
  return {.name = fmt::format("{}.{}.incr.aof", prefix, increment_sequence + 1), .sequence = increment_sequence + 1};
}

void Manifest::add_increment(ManifestFile file) {
  increment_sequence = file.sequence;
  increments.push_back(std::move(file));
}

void Manifest::replace_base(ManifestFile file, std::size_t kept) {
  const auto first_kept = increments.end() - static_cast<std::ptrdiff_t>(kept);
  std::vector<ManifestFile> gone(increments.begin(), first_kept);
  if (base) gone.push_back(std::move(*base));
  increments.erase(increments.begin(), first_kept);
  history.insert(history.begin(), std::make_move_iterator(gone.begin()), std::make_move_iterator(gone.end()));
  base_sequence = file.sequence;
  base = std::move(file);
}

std::string manifest_name(std::string_view prefix) { return fmt::format("{}.manifest", prefix); }

Result<Manifest> parse_manifest(std::string_view text) {
  if (text.empty()) return base::reject("it is empty");
  Manifest manifest;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const auto refuse = [number](const base::Error& why) { return why.within(fmt::format("line {}", number)); };
    if (end >= kLongestLine) return refuse(base::reject("it is too long, or does not end"));
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (line.starts_with('#')) continue;
    Result<Line> parsed = parse_line(line);
    if (!parsed) return refuse(parsed.error());
    if (const Result<void> added = add(manifest, std::move(*parsed)); !added) return refuse(added.error());
  }
  return manifest;
}

}  // namespace weir::store::aof
