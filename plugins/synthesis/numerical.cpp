#include "plugins/synthesis/numerical.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <set>

#include "core/base/text.h"
#include "plugins/synthesis/walk.h"

namespace cairn::synthesis {
namespace {

// What a template needs and how it is asked and computed. In words: C the value column, K the key
// column, V a key or threshold, T the tables. In SQL: C, K, D the document's column, F the table,
// all quoted; ?1 the document (?2 the second one), ?3 the key or threshold.
struct Template {
  const char* name;
  std::vector<const char*> words;
  const char* sql;
};

const std::vector<Template>& templates() {
  static const std::vector<Template> kTemplates = {
      {"lookup",
       {"What is the C of V in T?", "In T, what C does V have?"},
       "SELECT C FROM F WHERE D IN (?1, ?2) AND K = ?3"},
      {"max",
       {"What is the largest C in T?", "Tell the highest C in T."},
       "SELECT MAX(C) FROM F WHERE D IN (?1, ?2)"},
      {"min",
       {"What is the smallest C in T?", "Tell the lowest C in T."},
       "SELECT MIN(C) FROM F WHERE D IN (?1, ?2)"},
      {"count_rows",
       {"How many rows are in T?", "Count the rows of T."},
       "SELECT COUNT(*) FROM F WHERE D IN (?1, ?2)"},
      {"count_above",
       {"How many rows in T have C above V?", "In T, count the rows with C above V."},
       "SELECT COUNT(*) FROM F WHERE D IN (?1, ?2) AND C > ?3"},
      {"sum",
       {"What is the sum of C in T?", "Add up C in T."},
       "SELECT SUM(C) FROM F WHERE D IN (?1, ?2)"},
      {"best_key",
       {"Which K has the largest C in T?", "In T, which K has the highest C?"},
       "SELECT K FROM F WHERE D IN (?1, ?2) AND C = (SELECT MAX(C) FROM F WHERE D IN (?1, ?2))"},
      {"max_of_two",
       {"What is the largest C in T?", "Tell the highest C in T."},
       "SELECT MAX(C) FROM F WHERE D IN (?1, ?2)"}};
  return kTemplates;
}

constexpr std::size_t kNone = static_cast<std::size_t>(-1);

struct Plan {
  std::size_t kind = 0;  // index of the template
  std::vector<const Table*> tables;
  std::size_t column = kNone;
  std::size_t key = kNone;
  std::string value;  // key or threshold as written
};

using Words = std::array<std::string, 256>;

std::string fill(const char* words, const Words& values) {
  std::string text;
  for (const char* c = words; *c != '\0'; ++c) {
    const bool alone = (c == words || !std::isalpha(static_cast<unsigned char>(c[-1]))) &&
                       !std::isalpha(static_cast<unsigned char>(c[1]));
    const std::string& value = values[static_cast<unsigned char>(*c)];
    text += alone && !value.empty() ? value : std::string(1, *c);
  }
  return text;
}

bool is_number(const Column& column) {
  return column.type != ColumnType::kText;
}

SqlValue number_or_text(const std::string& cell, const Column& column) {
  if (!is_number(column)) return cell;
  if (const auto integer = parse_integer(cell)) return *integer;
  return parse_real(cell).value_or(0);
}

std::string text_of(const SqlValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  std::array<char, 32> buffer{};
  std::to_chars_result written{buffer.data(), {}};
  if (const auto* integer = std::get_if<std::int64_t>(&value))
    written = std::to_chars(buffer.data(), buffer.data() + buffer.size(), *integer);
  else if (const auto* real = std::get_if<double>(&value))
    written = std::to_chars(buffer.data(), buffer.data() + buffer.size(), *real);
  return {buffer.data(), written.ptr};
}

class Planner {
 public:
  explicit Planner(const NumericalOptions& options) {
    for (const Template& each : templates())
      wanted_.push_back(options.templates.empty() ||
                        std::ranges::count(options.templates, each.name) > 0);
  }

  std::vector<Plan> plan(const std::vector<const Table*>& side, RandomStream random) {
    std::map<std::string, const Table*> previous;
    for (const Table* table : side) {
      plan_table(*table, random);
      const Table*& before = previous[table->schema()];
      if (before != nullptr && before->document->title != table->document->title)
        for (std::size_t i = 0; i < table->columns.size(); ++i)
          if (is_number(table->columns[i])) add("max_of_two", {before, table}, i, kNone, "");
      before = table;
    }
    return interleave(random);
  }

 private:
  void plan_table(const Table& table, RandomStream& random) {
    add("count_rows", {&table}, kNone, kNone, "");
    const auto key = table.key_column();
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      if (!is_number(table.columns[i]) || key == i) continue;
      for (const char* name : {"max", "min", "sum"}) add(name, {&table}, i, kNone, "");
      const auto& threshold = table.rows[random.below(table.rows.size())];
      add("count_above", {&table}, i, kNone, threshold[i]);
      if (!key) continue;
      for (const auto& row : table.rows) add("lookup", {&table}, i, *key, row[*key]);
      if (is_number(table.columns[*key])) add("best_key", {&table}, i, *key, "");
    }
  }

  void add(std::string_view name, std::vector<const Table*> tables, std::size_t column,
           std::size_t key, std::string value) {
    for (std::size_t i = 0; i < templates().size(); ++i) {
      if (name != templates()[i].name) continue;
      if (wanted_[i]) plans_[i].push_back({i, std::move(tables), column, key, std::move(value)});
      return;
    }
  }

  // The templates take turns, so that none fills the dataset.
  std::vector<Plan> interleave(RandomStream& random) {
    std::size_t left = 0;
    for (auto& [kind, plans] : plans_) {
      random.shuffle(plans);
      left += plans.size();
    }
    std::vector<Plan> order;
    for (std::size_t turn = 0; order.size() < left; ++turn)
      for (auto& [kind, plans] : plans_)
        if (turn < plans.size()) order.push_back(std::move(plans[turn]));
    return order;
  }

  std::vector<bool> wanted_;
  std::map<std::size_t, std::vector<Plan>> plans_;
};

class Maker {
 public:
  Maker(const std::vector<Table>& tables, CorpusTables& corpus, const NumericalOptions& options)
      : tables_(tables), corpus_(corpus), options_(options) {}

  Result<Synthesis> make() {
    for (const bool held : {false, true}) CAIRN_TRY(make_side(held));
    sort_by_id(result_.records);
    return std::move(result_);
  }

 private:
  Result<void> make_side(bool held) {
    std::vector<const Table*> side;
    DistractorPool pool;
    for (const Table& table : tables_) {
      if (table.held_out != held) continue;
      side.push_back(&table);
      pool.add({table.document, table.document->domain + "/" + table.schema(), table.folded});
    }
    const auto plans =
        Planner(options_).plan(side, RandomStream(options_.seed, "numerical/plans", {held}));
    const std::string name = held ? "held_out" : "trained";
    result_.audit.count(name + "/tables", static_cast<std::int64_t>(side.size()));
    result_.audit.count(name + "/plans", static_cast<std::int64_t>(plans.size()));
    const std::int64_t wanted = held ? options_.wanted.held_out_items : options_.wanted.items;
    const Walk walk{options_.seed, "numerical", "", held, plans.size(), options_.variants, wanted};
    const auto make = [&](std::size_t plan, std::size_t wording, std::uint64_t seed) {
      return make_item(plans[plan], wording, pool, seed);
    };
    CAIRN_TRY(make_items(walk, make, ids_, result_));
    return {};
  }

  Result<std::optional<text::QaRecord>> make_item(const Plan& plan, std::size_t wording,
                                                  const DistractorPool& pool, std::uint64_t seed);
  Result<std::optional<std::vector<std::string>>> answer(const Plan& plan, const std::string& sql,
                                                         const std::vector<SqlValue>& parameters);

  const std::vector<Table>& tables_;
  CorpusTables& corpus_;
  const NumericalOptions& options_;
  std::set<std::string> ids_;
  Synthesis result_;
};

Words words_of(const Plan& plan) {
  const Table& table = *plan.tables.front();
  Words words;
  if (plan.column != kNone) words['C'] = table.columns[plan.column].name;
  if (plan.key != kNone) words['K'] = table.columns[plan.key].name;
  words['V'] = plan.value;
  for (const Table* each : plan.tables)
    words['T'] += (words['T'].empty() ? "" : " and ") + each->document->title;
  return words;
}

// The result as accepted strings: first as the table writes it, then in canonical form.
Result<std::optional<std::vector<std::string>>> Maker::answer(
    const Plan& plan, const std::string& sql, const std::vector<SqlValue>& parameters) {
  CAIRN_ASSIGN(const auto rows, corpus_.database().query(sql, parameters));
  if (rows.size() != 1 || rows.front().size() != 1 ||
      std::holds_alternative<std::monostate>(rows.front().front())) {
    result_.audit.reject("query without one single result");
    return std::optional<std::vector<std::string>>();
  }
  const SqlValue& value = rows.front().front();
  const std::string_view name = templates()[plan.kind].name;
  if (name == "sum") {
    const auto* sum = std::get_if<std::int64_t>(&value);
    if (sum == nullptr || *sum > options_.max_sum || *sum < -options_.max_sum) {
      result_.audit.reject("sum too large or not whole");
      return std::optional<std::vector<std::string>>();
    }
  }
  std::vector<std::string> accepted{text_of(value)};
  // SQLite gives 2.00 back as 2.
  const bool is_cell = name == "lookup" || name == "max" || name == "min" || name == "max_of_two";
  if (is_cell) {
    for (const Table* table : plan.tables) {
      for (const auto& row : table->rows) {
        const std::string& cell = row[plan.column];
        if (cell != accepted.front() && parse_real(cell) == parse_real(accepted.front()))
          return std::optional<std::vector<std::string>>({cell, accepted.front()});
      }
    }
  }
  return std::optional(std::move(accepted));
}

Result<std::optional<text::QaRecord>> Maker::make_item(const Plan& plan, std::size_t wording,
                                                       const DistractorPool& pool,
                                                       std::uint64_t seed) {
  const auto refuse = [&](const char* why) {
    result_.audit.reject(why);
    return std::optional<text::QaRecord>();
  };
  const Template& asked = templates()[plan.kind];
  const Table& table = *plan.tables.front();
  const Table& last = *plan.tables.back();
  if (trim(table.document->title).empty() || trim(last.document->title).empty())
    return refuse("table without a title");

  Words names;
  if (plan.column != kNone) names['C'] = quote_identifier(table.columns[plan.column].name);
  if (plan.key != kNone) names['K'] = quote_identifier(table.columns[plan.key].name);
  names['D'] = quote_identifier(kDocumentColumn);
  names['F'] = corpus_.name_of(table);
  const std::string sql = fill(asked.sql, names);
  std::vector<SqlValue> parameters{table.document->id, last.document->id};
  if (!plan.value.empty()) {
    const std::size_t column = plan.key != kNone ? plan.key : plan.column;
    parameters.push_back(number_or_text(plan.value, table.columns[column]));
  }
  CAIRN_ASSIGN(auto accepted, answer(plan, sql, parameters));
  if (!accepted) return std::optional<text::QaRecord>();

  RandomStream random(seed, "item");
  text::QaRecord record;
  record.task = "numerical";
  record.question_type = "numerical";
  record.domain = table.document->domain;
  record.seed = seed;
  record.answer = std::move(*accepted);
  record.format_instruction = kFormatInstruction;
  record.question = fill(asked.words[wording % asked.words.size()], words_of(plan));
  for (const Table* each : plan.tables)
    record.documents.push_back(context_document(*each->document, true));
  const auto evidence = static_cast<std::int64_t>(record.documents.size());
  const std::int64_t bytes = options_.context.max_bytes - context_bytes(record.documents);
  if (bytes < 0 || evidence > options_.context.max_documents)
    return refuse("evidence too long for the context");
  const std::int64_t least = std::max(options_.context.min_documents, evidence);
  const auto total = least + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(
                                 std::max(options_.context.max_documents, least) - least + 1)));
  const std::string key = plan.key == kNone ? std::string() : fold(plan.value);
  const auto allowed = [&](const Candidate& candidate) {
    return candidate.document->title != table.document->title &&
           candidate.document->title != last.document->title && !mentions(candidate.folded, key);
  };
  for (const Candidate* distractor : pool.draw(
           random, table.document->domain + "/" + table.schema(), total - evidence, bytes, allowed))
    record.documents.push_back(context_document(*distractor->document, false));

  json::array bound;
  for (const SqlValue& value : parameters) bound.emplace_back(text_of(value));
  json::array columns;
  for (const Column& column : table.columns)
    columns.push_back(json::object{{"name", column.name}, {"type", to_string(column.type)}});
  record.provenance = {
      {"template", std::string(asked.name) + "/" + std::to_string(wording % asked.words.size())},
      {"roles", json::object{{"extractor", "rules"}, {"proposer", "rules"}}},
      {"sql", sql},
      {"parameters", std::move(bound)},
      {"schema", std::move(columns)}};
  finish_record(record, "numerical");
  return std::optional(std::move(record));
}

}  // namespace

const std::vector<std::string>& question_templates() {
  static const std::vector<std::string> kNames = [] {
    std::vector<std::string> names;
    for (const Template& each : templates()) names.emplace_back(each.name);
    return names;
  }();
  return kNames;
}

Result<Synthesis> make_numerical(const std::vector<text::Document>& documents,
                                 const NumericalOptions& options) {
  const std::vector<Table> tables = parse_tables(documents);
  CAIRN_ASSIGN(CorpusTables corpus, CorpusTables::load(tables));
  CAIRN_ASSIGN(Synthesis result, Maker(tables, corpus, options).make());
  result.audit.count("corpus_tables", static_cast<std::int64_t>(corpus.size()));
  CAIRN_TRY(check_enough(result.records, options.wanted, result.audit));
  return result;
}

}  // namespace cairn::synthesis
