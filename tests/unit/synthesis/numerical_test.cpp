#include "plugins/synthesis/numerical.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "core/base/text.h"
#include "plugins/lib/text/partition.h"
#include "plugins/synthesis/sample_documents.h"

namespace cairn::synthesis {
namespace {

using ::testing::ElementsAre;

NumericalOptions sample_options() {
  NumericalOptions options;
  options.wanted = {200, 100, 0.9};
  options.seed = 3;
  return options;
}

TEST(Table, FindsTypesKeyAndCaption) {
  const text::Document document{
      "d", "t", "Prices by year\nyear | price | city\n1900 | 1.50 | Rome\n1901 | 2 | Rome\n",
      "",  "",  ""};
  const auto table = parse_table(document);
  ASSERT_TRUE(table);
  ASSERT_EQ(table->columns.size(), 3U);
  EXPECT_EQ(table->columns[0].type, ColumnType::kInteger);
  EXPECT_EQ(table->columns[1].type, ColumnType::kReal);
  EXPECT_EQ(table->columns[2].type, ColumnType::kText);
  EXPECT_EQ(table->key_column(), 0U);
  EXPECT_EQ(table->schema(), "year:number;price:number;city:text;");
}

TEST(Table, RefusesWhatIsNoTable) {
  for (const std::string& text :
       {std::string(), std::string("a | b"), std::string("a | b\n1 | 2\n3"),
        std::string("a | A\n1 | 2\n3 | 4"), std::string(" | b\n1 | 2\n3 | 4"),
        std::string("a | b\n1 | 2 | 3\n4 | 5"), std::string("cairn row | b\n1 | 2\n3 | 4"),
        std::string("a\0 | b\n1 | 2\n3 | 4", 18)}) {
    EXPECT_FALSE(parse_table({"d", "t", text, "", "", ""})) << text;
  }
}

TEST(CorpusTables, JoinsTablesOfOneSchemaWithProvenance) {
  const std::vector<text::Document> documents = {
      {"one", "1", "year | n\n1 | 10\n2 | 20", "", "", ""},
      {"two", "2", "Year | N\n3 | 30.5\n4 | 40", "", "", ""},
      {"other", "3", "city | n\nRome | 1\nBonn | 2", "", "", ""}};
  const auto tables = parse_tables(documents);
  auto corpus = CorpusTables::load(tables);
  ASSERT_TRUE(corpus.ok()) << corpus.error().to_string();
  EXPECT_EQ(corpus->size(), 2U);
  EXPECT_EQ(corpus->name_of(tables[0]), corpus->name_of(tables[1]));
  const auto rows =
      corpus->database().query("SELECT \"cairn document\", \"cairn row\" FROM " +
                                   corpus->name_of(tables[0]) + " WHERE n > ?1 ORDER BY n",
                               {std::int64_t{15}});
  ASSERT_TRUE(rows.ok()) << rows.error().to_string();
  EXPECT_THAT(*rows, ElementsAre(ElementsAre(SqlValue("one"), SqlValue(std::int64_t{2})),
                                 ElementsAre(SqlValue("two"), SqlValue(std::int64_t{1})),
                                 ElementsAre(SqlValue("two"), SqlValue(std::int64_t{2}))));
}

// Computes an item's answer from the text of its evidence, by its own reading of the table.
std::string by_hand(const text::QaRecord& item) {
  const std::string name = std::string(item.provenance.at("template").as_string());
  const std::string kind = name.substr(0, name.find('/'));
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
  for (const auto& document : item.documents) {
    if (!document.evidence) continue;
    const auto lines = split(document.text, '\n');
    for (std::size_t i = 0; i < lines.size(); ++i) {
      std::vector<std::string> cells;
      for (const auto cell : split(lines[i], '|')) cells.emplace_back(trim(cell));
      if (i == 0)
        header = cells;
      else
        rows.push_back(cells);
    }
  }
  if (kind == "count_rows") return std::to_string(rows.size());
  std::size_t column = 0;
  for (std::size_t i = 1; i < header.size(); ++i)
    if ((" " + item.question).find(" " + header[i] + " ") != std::string::npos ||
        item.question.find(" " + header[i] + "?") != std::string::npos)
      column = i;
  double best = std::stod(rows[0][column]), sum = 0;
  std::string text = rows[0][column], key = rows[0][0];
  int above = 0;
  for (const auto& row : rows) {
    const double value = std::stod(row[column]);
    sum += value;
    if (kind == "lookup" && item.question.find(row[0]) != std::string::npos) return row[column];
    if (kind == "count_above" &&
        value >
            std::stod(std::string(item.provenance.at("parameters").as_array().at(2).as_string())))
      ++above;
    if (kind == "min" ? value < best : value > best) {
      best = value;
      text = row[column];
      key = row[0];
    }
  }
  if (kind == "count_above") return std::to_string(above);
  if (kind == "sum") return std::to_string(static_cast<int>(sum));
  return kind == "best_key" ? key : text;
}

TEST(Numerical, SqlAgreesWithCountingByHand) {
  const auto made = make_numerical(sample_documents(), sample_options());
  ASSERT_TRUE(made.ok()) << made.error().to_string();
  std::set<std::string> kinds;
  for (const auto& item : made->records) {
    const std::string name(item.provenance.at("template").as_string());
    kinds.insert(name.substr(0, name.find('/')));
    EXPECT_EQ(item.answer.front(), by_hand(item)) << item.question << "\n"
                                                  << text::render_documents(item);
    for (const auto& document : item.documents)
      EXPECT_EQ(text::held_out(document.id), held_out(item));
  }
  EXPECT_EQ(made->records.size(), 300U);
  EXPECT_EQ(kinds.size(), question_templates().size());
}

TEST(Numerical, AsksOnlyTheWantedTemplates) {
  auto options = sample_options();
  options.wanted = {20, 10, 0.9};
  options.templates = {"max"};
  const auto made = make_numerical(sample_documents(), options);
  ASSERT_TRUE(made.ok()) << made.error().to_string();
  for (const auto& item : made->records)
    EXPECT_TRUE(item.provenance.at("template").as_string().starts_with("max/"));
}

TEST(Numerical, NamesFullOfSqlStayNames) {
  const std::string evil = "x'; DROP TABLE \"table 1\"; --";
  auto documents = sample_documents(0, 0, 0, 6);
  for (int i = 0; i < 12; ++i) {
    const std::string title = evil + std::to_string(i);
    documents.push_back({id_on_side(title, i % 2 == 0), title,
                         "city \"or\" 1=1 | " + evil + "\nRome' OR '1'='1 | " + std::to_string(i) +
                             "\nBonn\"; -- | 7",
                         "academic", "", ""});
  }
  auto options = sample_options();
  options.wanted = {60, 60, 0.5};
  options.templates = {"lookup", "max"};
  options.context.max_documents = 1;
  const auto made = make_numerical(documents, options);
  ASSERT_TRUE(made.ok()) << made.error().to_string();
  int hostile = 0;
  for (const auto& item : made->records) {
    if (item.question.find(evil) == std::string::npos) continue;
    ++hostile;
    EXPECT_THAT(item.answer.front(), ::testing::MatchesRegex("[0-9]+")) << item.question;
  }
  EXPECT_GT(hostile, 10);
}

}  // namespace
}  // namespace cairn::synthesis
