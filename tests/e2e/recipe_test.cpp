// The main job, workflows/qwenlong-mini.yaml, with as few steps as it takes: every stage of the
// recipe runs, on the documents that deploy/setup unpacks.
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <set>

#include "tests/e2e/cairn_process.h"

namespace cairn::e2e {
namespace {

const fs::path kRoot = CAIRN_SOURCE_DIR;

std::string output_path(const json::value& run, const std::string& stage,
                        const std::string& output) {
  for (const auto& entry : run.as_object().at("stages").as_array()) {
    const auto& object = entry.as_object();
    if (object.at("name").as_string() == stage)
      return std::string(
          object.at("outputs").as_object().at(output).as_object().at("path").as_string());
  }
  return {};
}

json::value parsed(const fs::path& file) {
  const auto text = real_file_system().read(file);
  return text.ok() ? json::parse(*text) : json::value();
}

TEST(Recipe, EveryStageRunsAndTheReportShowsThem) {
  ASSERT_TRUE(fs::exists(kRoot / ".cache/documents")) << "run deploy/setup first";
  const Place place;
  std::vector<std::string> command{"run", (kRoot / "workflows/qwenlong-mini.yaml").string(), "-q",
                                   "-o", "json"};
  for (const char* setting :
       {"warmup_steps=2", "steps=2", "memory_steps=1", "heldout_items=25", "scored=120"}) {
    command.emplace_back("--set");
    command.emplace_back(setting);
  }
  const Finished finished = place.run(command);
  ASSERT_EQ(finished.exit_code, 0) << finished.out << finished.err;
  const json::value run = json::parse(finished.out);
  EXPECT_EQ(status_of(run), "succeeded");

  const fs::path report = output_path(run, "report", "report");
  for (const char* file : {"index.html", "report.json", "report.txt"})
    EXPECT_TRUE(fs::exists(report / file)) << file;
  const auto table = real_file_system().read(report / "report.txt");
  ASSERT_TRUE(table.ok());
  for (const char* row : {"warm-up", "RL 1", "RL 2", "RL 3", "memory-RL", "SCE merge", "RL 4"})
    EXPECT_NE(table->find(row), std::string::npos) << row << "\n" << *table;

  // Evaluated on 25 items, all of documents that no training record has.
  const auto summary = parsed(output_path(run, "eval_rl4", "summary"));
  EXPECT_EQ(summary.as_object().at("n").to_number<int>(), 25);
  const auto ids = [&](const char* output) {
    std::set<std::string> found;
    const auto text = real_file_system().read(output_path(run, "curate", output));
    if (!text.ok()) return found;
    for (std::size_t at = 0; at < text->size();) {
      const auto end = std::min(text->find('\n', at), text->size());
      const json::value record = json::parse(std::string_view(*text).substr(at, end - at));
      for (const auto& document : record.as_object().at("documents").as_array())
        found.insert(std::string(document.as_object().at("id").as_string()));
      at = end + 1;
    }
    return found;
  };
  const auto trained = ids("qa");
  EXPECT_GT(trained.size(), 500U);
  for (const auto& id : ids("heldout")) EXPECT_FALSE(trained.contains(id)) << id;
}

}  // namespace
}  // namespace cairn::e2e
