import { type Command, UsageError } from "../command/command.ts";
import { parseWords } from "../command/parse-words.ts";
import { version } from "../version.ts";
import { readStatus } from "./status.ts";
import { statusText } from "./status-table.ts";

const help = `boot2podman says how this machine is.

  boot2podman status           how the boot went: a table of its stages
  boot2podman status --json    the same as JSON, with what each stage saw, planned and did
  boot2podman version          the version of the image

  --help                       this text`;

export const boot2podmanCommand: Command = {
  name: "boot2podman",
  help,
  async run(words, kernel, terminal) {
    const { flags, operands } = parseWords(words, { json: "flag" });
    const [operand, ...more] = operands;
    if (more.length > 0) throw new UsageError(`"${more.join(" ")}" is too much`);
    switch (operand) {
      case "status": {
        const status = readStatus(kernel, version);
        terminal.out(flags.has("json") ? JSON.stringify(status, null, 2) : statusText(status));
        return 0;
      }
      case "version":
        terminal.out(version);
        return 0;
      case undefined:
        throw new UsageError("say what: status or version");
      default:
        throw new UsageError(`"${operand}" isn't understood; known are status and version`);
    }
  },
};
