#include "core/artifacts/store_users.h"

#include <unistd.h>

#include <array>

#include "core/base/boundary.h"
#include "core/base/folder_entries.h"
#include "core/base/json.h"

namespace cairn {
namespace {

constexpr const char* kUsers = "users";
constexpr const char* kEnding = ".json";

std::string text_of(const StoreUser& user) {
  return pretty_json(json::object{{"state_folder", user.state_folder.string()},
                                  {"machine", user.machine},
                                  {"temporary", user.temporary}});
}

Result<StoreUser> read_user(FileSystem& files, const fs::path& file) {
  CAIRN_ASSIGN(const std::string text, files.read(file));
  auto parsed = parse_json_object(text);
  if (!parsed.ok()) return with_context(std::move(parsed).error(), file.string());
  StoreUser user;
  user.id = file.stem().string();
  CAIRN_ASSIGN(user.state_folder, get_string(*parsed, "state_folder"));
  CAIRN_ASSIGN(user.machine, get_string(*parsed, "machine"));
  CAIRN_ASSIGN(user.temporary, get_bool(*parsed, "temporary"));
  return user;
}

bool is_gone(const StoreUser& user, const fs::path& file, const StoreUser& self) {
  if (user.temporary) return FileLock::try_exclusive(file).ok();
  if (user.machine != self.machine) return false;
  std::error_code error;
  const bool exists = fs::exists(user.state_folder, error);
  return (!exists && !error) || user.state_folder == self.state_folder;
}

}  // namespace

Result<StoreUse> StoreUse::begin(FileSystem& files, const fs::path& store_folder,
                                 const StoreUser& user) {
  const fs::path file = store_folder / kUsers / (user.id + kEnding);
  const auto known = read_user(files, file);
  if (!known.ok() || *known != user) {
    CAIRN_TRY(files.make_directories(file.parent_path()));
    CAIRN_TRY(files.write_atomic(file, text_of(user)));
  }
  StoreUse use;
  auto lock = FileLock::try_exclusive(file);
  // Where there are no locks, or somebody just looks, the entry alone has to do.
  if (lock.ok()) use.lock_ = *std::move(lock);
  if (user.temporary) use.temporary_ = file;
  return use;
}

StoreUse::~StoreUse() {
  if (temporary_.empty()) return;
  const PersistenceBoundary boundary(Boundary::kEngineSocket);
  note_change("remove", temporary_.native());
  std::error_code ignored;
  fs::remove(temporary_, ignored);
}

Result<std::vector<OtherUser>> other_users(FileSystem& files, const fs::path& store_folder,
                                           const StoreUser& self) {
  CAIRN_ASSIGN(const auto entries, entries_of(store_folder / kUsers));
  std::vector<OtherUser> others;
  for (const fs::path& entry : entries) {
    if (entry.extension() != kEnding || entry.stem() == self.id) continue;
    CAIRN_ASSIGN(StoreUser user, read_user(files, entry));
    if (is_gone(user, entry, self)) {
      const PersistenceBoundary boundary(Boundary::kArtifactClean);
      CAIRN_TRY(files.remove_all(entry));
    } else {
      others.push_back({std::move(user), entry});
    }
  }
  return others;
}

std::string machine_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return {};
  return name.data();
}

}  // namespace cairn
