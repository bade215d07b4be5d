// import: brings a file or folder from outside into the content store.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "core/sdk/plugin.h"

namespace {

namespace fs = cairn::fs;

enum class Mode { kCopy, kHardlink };

cairn::Result<void> place_file(const fs::path& from, const fs::path& to, Mode mode) {
  std::error_code error;
  if (mode == Mode::kHardlink) {
    fs::create_hard_link(from, to, error);
    if (!error) return {};
    if (error != std::errc::cross_device_link)
      return cairn::io_error("link", from.string(), error.value());
    return cairn::invalid_argument(
        from.string() + " is on another file system than the store, so it cannot be hard-linked",
        "use mode: copy");
  }
  fs::copy_file(from, to, error);
  if (error) return cairn::io_error("copy", from.string(), error.value());
  return {};
}

cairn::Result<void> place_folder(const fs::path& from, const fs::path& to, Mode mode,
                                 cairn::StageContext& ctx) {
  std::error_code error;
  fs::create_directory(to, error);
  if (error) return cairn::io_error("create folder", to.string(), error.value());
  std::uint64_t files = 0;
  for (fs::recursive_directory_iterator it(from, error), end; !error && it != end;
       it.increment(error)) {
    if (ctx.cancelled()) return cairn::stage_cancelled();
    const fs::path target = to / it->path().lexically_relative(from);
    const fs::file_status status = it->symlink_status();
    if (fs::is_directory(status)) {
      fs::create_directory(target, error);
      if (error) return cairn::io_error("create folder", target.string(), error.value());
    } else if (fs::is_regular_file(status)) {
      CAIRN_TRY(place_file(it->path(), target, mode));
      ctx.progress(++files, 0, "files");
    } else {
      return cairn::invalid_argument(
          it->path().string() + " is neither a regular file nor a folder",
          "an artifact holds plain files: replace the link by what it points to");
    }
  }
  if (error) return cairn::io_error("list", from.string(), error.value());
  return {};
}

struct Import : cairn::Stage {
  cairn::Param<fs::path> path{this, "path", cairn::Required{}, "File or folder to bring in",
                              cairn::Content{}};
  cairn::Param<std::string> kind{this, "kind", "file",
                                 "Artifact kind of what the path names: model, qa, documents, …"};
  cairn::Param<std::string> mode{
      this, "mode", "copy",
      "copy: the bytes are copied; hardlink: the store shares them with the original, which must "
      "then never be changed in place",
      cairn::Choices{{"copy", "hardlink"}}};
  cairn::Output<cairn::kind::File> artifact{this, "artifact", "What the path named",
                                            cairn::KindFromParam{"kind"}};

  cairn::Result<void> run(cairn::StageContext& ctx) override {
    const Mode how = *mode == "hardlink" ? Mode::kHardlink : Mode::kCopy;
    std::error_code error;
    // A path that is itself a link names what it points to.
    const fs::path source = fs::canonical(*path, error);
    if (error) return cairn::io_error("find", path->string(), error.value());
    if (fs::is_directory(source)) return place_folder(source, artifact.path(), how, ctx);
    if (fs::is_regular_file(source)) return place_file(source, artifact.path(), how);
    return cairn::invalid_argument(source.string() + " is neither a regular file nor a folder");
  }
};

}  // namespace

CAIRN_PLUGIN(cairn::stage_type<Import>(
                 "import", "Brings a file or folder from outside the workflow into the store")
                 .self_test([](cairn::SelfTest& test) -> cairn::Result<void> {
                   CAIRN_ASSIGN(auto writer, cairn::ByteWriter::create(test.folder() / "stone"));
                   CAIRN_TRY(writer.write("a stone\n"));
                   CAIRN_TRY(writer.close());
                   test.param("path", test.folder() / "stone");
                   return {};
                 }))
