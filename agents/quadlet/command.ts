import { type Command, UsageError } from "../command/command.ts";
import { parseWords } from "../command/parse-words.ts";
import { askServices } from "./control/ask.ts";
import { verbs } from "./control/protocol.ts";
import { servicesTable, serviceText } from "./services-table.ts";

const help = `boot2podman service: services that Quadlet files describe (.container, .volume, .network, .pod, .kube, .image, .build).

  boot2podman service ls                 all services, and what is wrong with their files
  boot2podman service status NAME…       one service: what it does, what its file asks for that isn't done here
  boot2podman service start NAME…        with what it needs, in order
  boot2podman service stop NAME…         until the next boot, with what needs it
  boot2podman service restart NAME…
  boot2podman service logs NAME          what its commands printed; podman logs shows the container's output
  boot2podman service reload             read the files again (systemctl daemon-reload)
  --json                                 the same as JSON

Root's files: /etc/containers/systemd; they and their services are root's: use sudo. The user's: ~/.config/containers/systemd.
Both folders are on the data disk. NAME is web, web.service or the file's name, web.container.
Exit status 0: done; 1: something failed, one line each.`;

/** Starts pull images and wait for health checks: as long as the services themselves allow. */
const timeoutMs = { quietMs: 600_000, mostMs: 24 * 3_600_000 };

/** The command `boot2podman service`. */
export const serviceCommand: Command = {
  name: "boot2podman service",
  help,
  async run(words, kernel, terminal) {
    const { flags, operands } = parseWords(words, { json: "flag" });
    const [called = "", ...names] = operands;
    const shown = called === "status" || called === "logs";
    const verb = shown ? "ls" : verbs.find((one) => one === called && one !== "stop-all");
    if (verb === undefined) {
      throw new UsageError("expected ls, status, start, stop, restart, logs or reload");
    }
    const takesNames = shown || !["ls", "reload"].includes(verb);
    if (takesNames !== names.length > 0) {
      const expected = takesNames ? "names of services" : "no names";
      throw new UsageError(`service ${called}: expected ${expected}, found "${names.join(" ")}"`);
    }
    const request = { verb, names: shown ? [] : names };
    const answer = await askServices(kernel, kernel.uid(), request, timeoutMs);
    const failed = [...answer.failed];
    const chosen = shown
      ? names.flatMap((name) => {
          const found = answer.services.find((one) => isCalled(one, name));
          if (found === undefined) {
            failed.push(`${name}: no such service; boot2podman service ls shows them`);
          }
          return found ?? [];
        })
      : answer.services;
    if (flags.has("json")) {
      const { done, warnings } = answer;
      terminal.out(JSON.stringify({ done, failed, warnings, services: chosen }, null, 2));
      return failed.length === 0 ? 0 : 1;
    }
    // What is wrong with all files is shown where all services are.
    for (const line of [...(shown ? [] : answer.warnings), ...failed]) {
      terminal.err(line);
    }
    if (called === "logs") {
      for (const { log } of chosen) {
        terminal.out(readLog(kernel.readNoFollow(log, longestLogBytes)));
      }
    } else if (called === "status") {
      for (const service of chosen) {
        terminal.out(serviceText(service));
      }
    } else if (called === "ls") {
      terminal.out(servicesTable(chosen));
    } else {
      for (const name of answer.done) {
        terminal.out(name);
      }
    }
    return failed.length === 0 ? 0 : 1;
  },
};

const longestLogBytes = 1024 * 1024;

function readLog(bytes: Uint8Array | undefined): string {
  return new TextDecoder().decode(bytes ?? new Uint8Array()).trimEnd();
}

function isCalled({ name, source }: { name: string; source: string }, called: string): boolean {
  return name === called || name === `${called}.service` || source.endsWith(`/${called}`);
}
