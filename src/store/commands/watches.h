// Watches: who watches which key, for WATCH ... MULTI ... EXEC. A session whose key was touched has its EXEC fail and
// watches nothing any more.
//
// A key that expires while it is watched counts as touched, though nobody may have removed it yet: EXEC looks whether
// what existed at WATCH still does. A core, on the data thread.
#pragma once

#include <cstddef>
#include <map>
#include <string_view>
#include <vector>

#include "store/commands/session.h"

namespace weir::store {

class Watches {
 public:
  // Watching a key twice is watching it once.
  void watch(Session& session, DatabaseKeyView at, bool exists);
  // Forgets all keys of the session, and that one was touched.
  void unwatch(Session& session);

  bool empty() const { return watchers_.empty(); }
  void touch(DatabaseKeyView at);
  // Every watched key of the database for which `touched(key)`.
  template <class Predicate>
  void touch_database(std::size_t database, Predicate&& touched) {
    std::vector<std::string> keys;
    for (auto at = watchers_.lower_bound(DatabaseKeyView{database, ""});
         at != watchers_.end() && at->first.database == database; ++at) {
      if (touched(std::string_view(at->first.key))) keys.push_back(at->first.key);
    }
    for (const std::string& key : keys) touch({database, key});
  }

 private:
  void forget_keys(Session& session);

  std::map<DatabaseKey, std::vector<Session*>, DatabaseKeyOrder> watchers_;
};

}  // namespace weir::store
