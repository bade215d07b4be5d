// cairn token list|create|revoke
#include <memory>
#include <optional>
#include <string>

#include "core/base/quantity.h"
#include "core/base/text.h"
#include "core/cli/commands.h"
#include "core/cli/output.h"
#include "core/cli/run_format.h"
#include "core/server/security/tokens.h"

namespace cairn {
namespace {

// They are files: also of an engine that runs, and of one that does not.
Result<std::unique_ptr<AccessTokens>> open_tokens(const Cli& cli) {
  if (!cli.options.server.empty()) {
    return invalid_argument("tokens are made where the state folder is, not over --server",
                            "log in there, or use the page with an admin's token");
  }
  return AccessTokens::open(cli.options.state_dir, system_clock());
}

std::string shown_time(const std::optional<WallTime>& time, const char* none) {
  return time ? local_time(format_rfc3339(*time)) : none;
}

ExitCode list(const Cli& cli) {
  auto tokens = open_tokens(cli);
  if (!tokens.ok()) return fail(cli, tokens.error());
  const auto entries = (*tokens)->list();
  if (!entries.ok()) return fail(cli, entries.error());
  json::array documents;
  Table table({{"ID"}, {"LABEL"}, {"ROLE"}, {"KIND"}, {"EXPIRES"}, {"LAST USED"}, {"FROM"}});
  for (const TokenEntry& entry : *entries) {
    if (cli.options.output == OutputFormat::kName) *cli.out << entry.id << "\n";
    documents.emplace_back(token_document(entry));
    table.add_row({entry.id, entry.label, to_string(entry.role), to_string(entry.kind),
                   shown_time(entry.expires, "never"), shown_time(entry.last_used, "-"),
                   entry.made_by});
  }
  if (cli.options.output == OutputFormat::kJson) print_json(cli, documents);
  if (cli.options.output == OutputFormat::kTable) table.print(*cli.out);
  return ExitCode::kDone;
}

struct CreateRequest {
  std::string role = to_string(Role::kViewer);
  std::string label;
  std::string expires;
};

Result<Minted> make(const Cli& cli, const CreateRequest& request) {
  TokenWish wish;
  wish.label = request.label;
  const auto role = role_named(request.role);
  if (!role) {
    return invalid_argument("there is no role '" + printable(request.role) + "'",
                            "viewer reads; admin also changes");
  }
  wish.role = *role;
  if (!request.expires.empty()) {
    CAIRN_ASSIGN(wish.life, parse_duration(request.expires));
  }
  CAIRN_ASSIGN(const auto tokens, open_tokens(cli));
  return tokens->create(wish);
}

ExitCode create(const Cli& cli, const CreateRequest& request) {
  const auto minted = make(cli, request);
  if (!minted.ok()) return fail(cli, minted.error());
  if (cli.options.output == OutputFormat::kJson) {
    json::object document = token_document(minted->entry);
    document["token"] = minted->secret;
    print_json(cli, document);
    return ExitCode::kDone;
  }
  *cli.out << minted->secret << "\n";
  if (!cli.options.quiet) {
    *cli.err << "the token " << minted->entry.id << " (" << to_string(minted->entry.role)
             << ", expires: " << shown_time(minted->entry.expires, "never")
             << "); it cannot be shown again\n";
  }
  return ExitCode::kDone;
}

ExitCode revoke(const Cli& cli, const std::string& id) {
  auto tokens = open_tokens(cli);
  if (!tokens.ok()) return fail(cli, tokens.error());
  const auto gone = (*tokens)->revoke(id);
  if (!gone.ok()) return fail(cli, gone.error());
  if (cli.options.output == OutputFormat::kJson) {
    print_json(cli, json::object{{"id", id}, {"revoked", *gone}});
  } else if (cli.options.output == OutputFormat::kName) {
    *cli.out << id << "\n";
  } else if (!cli.options.quiet) {
    *cli.out << "revoked " << id;
    if (*gone > 1) *cli.out << " and " << *gone - 1 << " made from it";
    *cli.out << "\n";
  }
  return ExitCode::kDone;
}

}  // namespace

void add_token(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand("token", "Who may use the page and the API");
  command->require_subcommand(1);
  command->footer(
      "Programs send a token as 'Authorization: Bearer TOKEN'; people sign in with `cairn ui`.\n"
      "The engine's own, of an admin, is the file STATE_DIR/token.");
  auto* list_command = command->add_subcommand("list", "All tokens and sessions that are good");
  list_command->callback([&cli] { cli.action = [&cli] { return list(cli); }; });

  auto* create_command = command->add_subcommand("create", "Make a token and print it, this once");
  auto request = std::make_shared<CreateRequest>();
  create_command->add_option("--role", request->role, "viewer reads; admin also changes")
      ->type_name("ROLE")
      ->capture_default_str();
  create_command->add_option("--label", request->label, "Whose it is, for lists and logs")
      ->type_name("TEXT");
  create_command->add_option("--expires", request->expires, "How long it is good (for ever)")
      ->type_name("DURATION");
  create_command->callback(
      [&cli, request] { cli.action = [&cli, request] { return create(cli, *request); }; });

  auto* revoke_command =
      command->add_subcommand("revoke", "End a token and the sessions made from it");
  revoke_command->footer(
      "'admin' removes STATE_DIR/token, and with it every session of `cairn ui`; the next\n"
      "`cairn serve` makes another one.");
  auto id = std::make_shared<std::string>();
  revoke_command->add_option("TOKEN_ID", *id, "Its id, as `cairn token list` shows")->required();
  revoke_command->callback([&cli, id] { cli.action = [&cli, id] { return revoke(cli, *id); }; });
}

}  // namespace cairn
