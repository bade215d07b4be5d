// What stages of browser tests run with `exec`. Parameters: `say`, a file of messages for the engine, a
// line each (behind the checkpoint, where it goes on from one); `print`, a file that goes to standard
// output; `copy`, a folder that becomes the output `made`; `listen`, a named pipe from which more
// messages come, {"print": TEXT} and {"end": true} among them; `code`, with which it ends.
import { cpSync, openSync, readFileSync, readSync, writeSync } from "node:fs";

// Reads wait in this thread: a process whose other threads wait for a pipe does not end.
function* linesOf(fd) {
  const block = Buffer.alloc(1 << 16);
  let rest = Buffer.alloc(0);
  for (let got; (got = readSync(fd, block)) > 0; ) {
    rest = Buffer.concat([rest, block.subarray(0, got)]);
    for (let end; (end = rest.indexOf(10)) >= 0; rest = rest.subarray(end + 1)) yield rest.toString("utf8", 0, end);
  }
}

function write(fd, data) {
  const bytes = Buffer.from(data);
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}

const engine = Number(process.env.CAIRN_EXEC_WRITE_FD);
const [first] = linesOf(Number(process.env.CAIRN_EXEC_READ_FD));
const { params, outputs, checkpoint } = JSON.parse(first);
const behind = checkpoint?.step ?? 0;

if (params.print) write(1, readFileSync(params.print));
if (params.say) {
  const lines = readFileSync(params.say, "utf8").split("\n").filter(Boolean);
  write(engine, lines.filter((line) => (JSON.parse(line).step ?? Infinity) > behind).map((line) => `${line}\n`).join(""));
}
if (params.listen) {
  for (const line of linesOf(openSync(params.listen, "r"))) {
    const message = JSON.parse(line);
    if (message.end) break;
    if (message.print !== undefined) write(1, message.print);
    else write(engine, `${line}\n`);
  }
}
if (params.copy) cpSync(params.copy, outputs.made, { recursive: true });
process.exitCode = params.code ?? 0;
