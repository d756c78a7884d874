#include "runtime/sim_files.h"

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "base/assert.h"

namespace weir::runtime {

using base::Error;
using base::ErrorKind;
using base::Result;

struct SimFiles::Inode {
  std::string current;
  std::string durable;
  // Pages that differ, or may differ, between the two and that a sync() would write.
  std::set<std::size_t> dirty;

  void write(std::uint64_t offset, std::string_view bytes) {
    if (bytes.empty()) return;
    const std::uint64_t end = offset + bytes.size();
    if (end > current.size()) resize(end);
    current.replace(offset, bytes.size(), bytes);
    touch(offset, end);
  }

  void resize(std::uint64_t size_bytes) {
    const std::uint64_t before = current.size();
    current.resize(size_bytes, '\0');
    touch(std::min(before, size_bytes), std::max(before, size_bytes));
  }

  void sync() {
    durable.resize(current.size(), '\0');
    for (const std::size_t page : dirty) copy_page(page);
    dirty.clear();
  }

  void crash(base::Random& random) {
    // The size is metadata of its own: it may be the old one, the new one, or any that it had in between.
    const std::uint64_t low = std::min(current.size(), durable.size());
    const std::uint64_t high = std::max(current.size(), durable.size());
    if (random.chance(0.5)) {
      durable.resize(random.chance(0.5) ? current.size() : low + random.below(high - low + 1), '\0');
    }
    for (const std::size_t page : dirty) {
      if (random.chance(0.5)) copy_page(page);
    }
    current = durable;
    dirty.clear();
  }

 private:
  void touch(std::uint64_t begin, std::uint64_t end) {
    if (begin == end) return;
    for (std::size_t page = begin / kPageBytes; page <= (end - 1) / kPageBytes; ++page) dirty.insert(page);
  }

  // Never changes the durable size: of a page that reaches past it only the part below it is there.
  void copy_page(std::size_t page) {
    const std::size_t begin = page * kPageBytes;
    const std::size_t end = std::min({begin + kPageBytes, current.size(), durable.size()});
    if (begin < end) durable.replace(begin, end - begin, current, begin, end - begin);
  }
};

namespace {

Error fault_error(SimFiles::Fault fault, std::string_view operation) {
  if (fault == SimFiles::Fault::kIoError) return base::system_error(ErrorKind::kFatal, operation, EIO);
  return base::system_error(ErrorKind::kRetry, operation, ENOSPC);
}

std::string name_in_directory(const std::string& path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

class SimFiles::OpenFile final : public File {
 public:
  OpenFile(SimFiles& files, std::shared_ptr<Inode> inode, std::string path, bool writable)
      : files_(files), inode_(std::move(inode)), path_(std::move(path)), boot_(files.boot_), writable_(writable) {}

  Result<std::size_t> read(std::uint64_t offset, std::span<char> into) override {
    const std::scoped_lock guard(files_.mutex_);
    if (auto ready = begin(fmt::format("read {} {}+{}", path_, offset, into.size())); !ready) return ready.error();
    if (offset >= inode_->current.size()) return std::size_t{0};
    return inode_->current.copy(into.data(), into.size(), offset);
  }

  Result<void> write(std::uint64_t offset, std::string_view bytes) override {
    WEIR_ASSERT(writable_);
    const std::scoped_lock guard(files_.mutex_);
    const std::string operation = fmt::format("write {} {}+{}", path_, offset, bytes.size());
    if (stale()) return lost(operation);
    const auto fault = files_.begin(operation);
    const std::uint64_t growth =
        std::max<std::uint64_t>(inode_->current.size(), offset + bytes.size()) - inode_->current.size();
    if (fault == Fault::kShortWrite) inode_->write(offset, bytes.substr(0, bytes.size() / 2));
    if (fault) return fault_error(*fault, operation);
    if (files_.used_bytes() + growth > files_.capacity_bytes_) return fault_error(Fault::kNoSpace, operation);
    inode_->write(offset, bytes);
    return {};
  }

  // A File is one thread's at a time, so nobody else changes its size in between.
  Result<void> append(std::string_view bytes) override { return write(current_size(), bytes); }

  Result<void> sync() override {
    const std::scoped_lock guard(files_.mutex_);
    const std::string operation = fmt::format("sync {}", path_);
    if (stale()) return lost(operation);
    if (files_.begin(operation)) {
      inode_->dirty.clear();
      return base::system_error(ErrorKind::kFatal, operation, EIO);
    }
    inode_->sync();
    return {};
  }

  Result<void> truncate(std::uint64_t size_bytes) override {
    WEIR_ASSERT(writable_);
    const std::scoped_lock guard(files_.mutex_);
    if (auto ready = begin(fmt::format("truncate {} {}", path_, size_bytes)); !ready) return ready;
    inode_->resize(size_bytes);
    return {};
  }

  Result<std::uint64_t> size() override {
    const std::scoped_lock guard(files_.mutex_);
    if (auto ready = begin(fmt::format("size {}", path_)); !ready) return ready.error();
    return inode_->current.size();
  }

  Result<void> fill_to(std::uint64_t size_bytes) override {
    const std::uint64_t size = current_size();
    if (size_bytes <= size) return {};
    return write(size, std::string(size_bytes - size, '\0'));
  }

 private:
  bool stale() const { return boot_ != files_.boot_; }
  static Error lost(std::string_view operation) {
    return base::fatal(fmt::format("{}: the machine crashed since this file was opened", operation));
  }
  std::uint64_t current_size() const {
    const std::scoped_lock guard(files_.mutex_);
    return inode_->current.size();
  }
  // Requires: the mutex is held.
  Result<void> begin(std::string operation) {
    if (stale()) return lost(operation);
    if (const auto fault = files_.begin(operation)) return fault_error(*fault, operation);
    return {};
  }

  SimFiles& files_;
  std::shared_ptr<Inode> inode_;
  std::string path_;
  std::uint64_t boot_;
  bool writable_;
};

class SimFiles::Lock final : public FileLock {
 public:
  Lock(SimFiles& files, std::string path) : files_(files), path_(std::move(path)), boot_(files.boot_) {}
  ~Lock() override {
    const std::scoped_lock guard(files_.mutex_);
    if (boot_ == files_.boot_) files_.locked_.erase(path_);
  }

 private:
  SimFiles& files_;
  std::string path_;
  std::uint64_t boot_;
};

SimFiles::SimFiles() {
  directories_["."];
  directories_["/"];
}
SimFiles::~SimFiles() = default;

void SimFiles::apply(Entries& entries, const Change& change) {
  for (const auto& [name, inode] : change) {
    if (inode == nullptr) {
      entries.erase(name);
    } else {
      entries[name] = inode;
    }
  }
}

void SimFiles::change(Directory& directory, Change change) {
  apply(directory.entries, change);
  directory.changes.push_back(std::move(change));
}

void SimFiles::crash(base::Random& random) {
  const std::scoped_lock guard(mutex_);
  ++boot_;
  locked_.clear();
  planned_.reset();
  for (auto& [path, directory] : directories_) {
    for (const Change& change : directory.changes) {
      if (random.chance(0.5)) apply(directory.durable, change);
    }
    directory.changes.clear();
    directory.entries = directory.durable;
    for (auto& [name, inode] : directory.entries) inode->crash(random);
  }
}

void SimFiles::fail_after(std::size_t skip, Fault fault) {
  const std::scoped_lock guard(mutex_);
  planned_ = {skip, fault};
}

std::optional<SimFiles::Fault> SimFiles::begin(std::string operation) {
  log_.push_back(std::move(operation));
  if (!planned_) return std::nullopt;
  if (planned_->first-- > 0) return std::nullopt;
  const Fault fault = planned_->second;
  planned_.reset();
  return fault;
}

Result<SimFiles::Directory*> SimFiles::directory(const std::string& path, std::string_view doing) {
  const auto found = directories_.find(path);
  if (found == directories_.end()) return base::system_error(ErrorKind::kReject, doing, ENOENT);
  return &found->second;
}

std::uint64_t SimFiles::used_bytes() const {
  std::uint64_t sum = 0;
  for (const auto& [path, directory] : directories_) {
    for (const auto& [name, inode] : directory.entries) sum += inode->current.size();
  }
  return sum;
}

Result<std::unique_ptr<File>> SimFiles::open(const std::string& path, OpenMode mode) {
  const std::scoped_lock guard(mutex_);
  const std::string operation = fmt::format("{} {}", mode == OpenMode::kCreate ? "create" : "open", path);
  if (const auto fault = begin(operation)) return fault_error(*fault, operation);
  const auto where = directory(directory_of(path), operation);
  if (!where) return where.error();
  const std::string name = name_in_directory(path);
  const auto found = (*where)->entries.find(name);
  std::shared_ptr<Inode> inode = found == (*where)->entries.end() ? nullptr : found->second;
  if (mode == OpenMode::kCreate && inode != nullptr) {
    return base::system_error(ErrorKind::kReject, operation, EEXIST);
  }
  if (inode == nullptr) {
    if (mode == OpenMode::kRead || mode == OpenMode::kReadWrite) {
      return base::system_error(ErrorKind::kReject, operation, ENOENT);
    }
    inode = std::make_shared<Inode>();
    change(**where, {{name, inode}});
  } else if (mode == OpenMode::kReplace) {
    inode->resize(0);
  }
  return std::make_unique<OpenFile>(*this, std::move(inode), path, mode != OpenMode::kRead);
}

Result<bool> SimFiles::exists(const std::string& path) {
  const std::scoped_lock guard(mutex_);
  const std::string operation = fmt::format("exists {}", path);
  if (const auto fault = begin(operation)) return fault_error(*fault, operation);
  if (directories_.contains(path)) return true;
  const auto where = directories_.find(directory_of(path));
  return where != directories_.end() && where->second.entries.contains(name_in_directory(path));
}

Result<void> SimFiles::rename(const std::string& from, const std::string& to) {
  const std::scoped_lock guard(mutex_);
  WEIR_ASSERT(directory_of(from) == directory_of(to));
  const std::string operation = fmt::format("rename {} {}", from, to);
  if (const auto fault = begin(operation)) return fault_error(*fault, operation);
  const auto where = directory(directory_of(from), operation);
  if (!where) return where.error();
  const auto found = (*where)->entries.find(name_in_directory(from));
  if (found == (*where)->entries.end()) return base::system_error(ErrorKind::kReject, operation, ENOENT);
  const std::shared_ptr<Inode> inode = found->second;
  change(**where, {{name_in_directory(from), nullptr}, {name_in_directory(to), inode}});
  return {};
}

Result<void> SimFiles::link(const std::string& from, const std::string& to) {
  const std::scoped_lock guard(mutex_);
  const std::string operation = fmt::format("link {} {}", from, to);
  if (const auto fault = begin(operation)) return fault_error(*fault, operation);
  const auto source = directory(directory_of(from), operation);
  if (!source) return source.error();
  const auto found = (*source)->entries.find(name_in_directory(from));
  if (found == (*source)->entries.end()) return base::system_error(ErrorKind::kReject, operation, ENOENT);
  const auto target = directory(directory_of(to), operation);
  if (!target) return target.error();
  if ((*target)->entries.contains(name_in_directory(to))) {
    return base::system_error(ErrorKind::kReject, operation, EEXIST);
  }
  change(**target, {{name_in_directory(to), found->second}});
  return {};
}

Result<void> SimFiles::remove(const std::string& path) {
  const std::scoped_lock guard(mutex_);
  const std::string operation = fmt::format("remove {}", path);
  if (const auto fault = begin(operation)) return fault_error(*fault, operation);
  const auto where = directory(directory_of(path), operation);
  if (!where) return where.error();
  if (!(*where)->entries.contains(name_in_directory(path))) {
    return base::system_error(ErrorKind::kReject, operation, ENOENT);
  }
  change(**where, {{name_in_directory(path), nullptr}});
  return {};
}

Result<void> SimFiles::create_directory(const std::string& path) {
  const std::scoped_lock guard(mutex_);
  const std::string operation = fmt::format("create_directory {}", path);
  if (const auto fault = begin(operation)) return fault_error(*fault, operation);
  for (std::string at = path; !directories_.contains(at); at = directory_of(at)) directories_[at];
  return {};
}

Result<std::vector<std::string>> SimFiles::list(const std::string& path) {
  const std::scoped_lock guard(mutex_);
  const std::string operation = fmt::format("list {}", path);
  if (const auto fault = begin(operation)) return fault_error(*fault, operation);
  const auto where = directory(path, operation);
  if (!where) return where.error();
  std::vector<std::string> names;
  for (const auto& [name, inode] : (*where)->entries) names.push_back(name);
  for (const auto& [other, contents] : directories_) {
    if (other != path && directory_of(other) == path && other != ".") names.push_back(name_in_directory(other));
  }
  std::ranges::sort(names);
  return names;
}

Result<void> SimFiles::sync_directory(const std::string& path) {
  const std::scoped_lock guard(mutex_);
  const std::string operation = fmt::format("sync_directory {}", path);
  if (begin(operation)) return base::system_error(ErrorKind::kFatal, operation, EIO);
  const auto where = directory(path, operation);
  if (!where) return where.error();
  (*where)->durable = (*where)->entries;
  (*where)->changes.clear();
  return {};
}

Result<std::unique_ptr<FileLock>> SimFiles::lock(const std::string& path) {
  const std::scoped_lock guard(mutex_);
  const std::string operation = fmt::format("lock {}", path);
  if (const auto fault = begin(operation)) return fault_error(*fault, operation);
  const auto where = directory(directory_of(path), operation);
  if (!where) return where.error();
  if (!locked_.insert(path).second) return base::reject(fmt::format("{}: another holds it", operation));
  const std::string name = name_in_directory(path);
  if (!(*where)->entries.contains(name)) change(**where, {{name, std::make_shared<Inode>()}});
  return std::make_unique<Lock>(*this, path);
}

Result<std::uint64_t> SimFiles::free_bytes(const std::string& path) {
  const std::scoped_lock guard(mutex_);
  const std::string operation = fmt::format("free_bytes {}", path);
  if (const auto fault = begin(operation)) return fault_error(*fault, operation);
  const std::uint64_t used = used_bytes();
  return used > capacity_bytes_ ? 0 : capacity_bytes_ - used;
}

}  // namespace weir::runtime
