import { resolve } from "node:path";
import { type Command, Option } from "commander";
import { UsageError } from "../error/machine-error.ts";
import { type RunPlace, withMachineFor } from "../life/run.ts";
import { runUnsignalled } from "../program/attached.ts";
import { sshArguments } from "../ssh/client.ts";
import { memoryMinMib } from "../store/driver-config.ts";
import { collect, mebibytes, wholeNumber } from "./arguments.ts";
import type { Context } from "./context.ts";
import { builtImage, defaultSettings } from "./create-qemu.ts";
import { parseVolume } from "./volumes.ts";

interface Flags {
  template?: string;
  cpus?: number;
  memory?: number;
  timeout?: number;
  network: "none" | "user";
  volume: string[];
  image: string;
}

/** As timeout(1) has it. */
const timeoutStatus = 124;
/** Those that end or steer a program; a terminal sends some of them as keys. */
const passedOn = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"] as const;

/** `run`: one container in a machine of its own. */
export function addRun(program: Command, context: Context): void {
  program
    .command("run")
    .description("Run one container in a machine of its own, which is gone afterwards")
    .usage("[options] image [command...]")
    .argument("<image>", "image of the container")
    .argument("[command...]", "what it runs instead of the image's own")
    .option("--template <template>", "fork this one (default: one with the image, made at first)")
    .option("--cpus <count>", "processors", wholeNumber(1, 255))
    .option("--memory <MiB>", "memory of the machine", mebibytes(memoryMinMib))
    .option("--timeout <seconds>", "end it after so long, with status 124", wholeNumber(1))
    .option(
      "--volume <host:container[:ro]>",
      "a folder of this host that it sees; repeatable",
      collect,
      [],
    )
    .addOption(
      new Option("--network <how>", "what it reaches: nothing, or what this host does")
        .choices(["none", "user"])
        .default("none"),
    )
    .option("--image <folder>", "the image of machines to boot for a template", builtImage)
    .passThroughOptions()
    .action(async (image: string, command: string[], flags: Flags) => {
      if (flags.template !== undefined && (flags.cpus ?? flags.memory) !== undefined) {
        throw new UsageError(
          "A template has its processors and memory: leave out --cpus and --memory.",
        );
      }
      const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
      const error = (text: string) => context.terminal.error(text);
      // Its output is the container's.
      const report = {
        line: error,
        warn: error,
        progress: () => undefined,
        stage: () => undefined,
      };
      const host = { ...context.host(), report };
      const request = {
        ...{ image, command, isTerminal, template: flags.template },
        volumes: flags.volume.map(parseVolume),
        network: flags.network === "none" ? ("restricted" as const) : ("user" as const),
        machine: {
          ...{ driver: "qemu" as const, labels: [], rootful: true, connection: false },
          settings: {
            ...defaultSettings,
            Image: resolve(flags.image),
            ...(flags.cpus === undefined ? {} : { CPU: flags.cpus }),
            ...(flags.memory === undefined ? {} : { Memory: flags.memory }),
          },
        },
      };
      context.exitWith(
        await withMachineFor(host, request, (place) => runIn(place, isTerminal, flags.timeout)),
      );
    });
}

/** Passes on what the container gets and gives. */
async function runIn(
  place: RunPlace,
  isTerminal: boolean,
  timeoutS: number | undefined,
): Promise<number> {
  let isLate = false;
  const late =
    timeoutS === undefined
      ? undefined
      : setTimeout(() => {
          isLate = true;
          void place.end();
        }, timeoutS * 1000);
  const listeners = passedOn.map((name) => {
    const pass = () => void place.signal(name);
    process.on(name, pass);
    return () => process.off(name, pass);
  });
  try {
    const args = sshArguments(place.target, [isTerminal ? "-tt" : "-T", place.command]);
    const status = await runUnsignalled("ssh", args, !isTerminal);
    return isLate ? timeoutStatus : status;
  } finally {
    clearTimeout(late);
    for (const off of listeners) {
      off();
    }
  }
}
