import { type Command, Option } from "commander";
import { UsageError } from "../error/machine-error.ts";
import { type Change, changeMachine } from "../life/change.ts";
import { diskMinMib, memoryMinMib, type Settings } from "../store/driver-config.ts";
import { defaultName } from "../store/name.ts";
import { collect, mebibytes, wholeNumber } from "./arguments.ts";
import type { Context } from "./context.ts";
import { parsePublish, parseVolume } from "./volumes.ts";

interface Flags {
  memory?: number;
  cpus?: number;
  diskSize?: number;
  volume?: string[];
  volumes: boolean;
  publish?: string[];
  published: boolean;
  append?: string;
  accelerator?: Settings<"qemu">["Accelerator"];
  rootful?: boolean;
  label?: string[];
}

/** `set`: changes what a stopped machine has. */
export function addSet(program: Command, context: Context): void {
  program
    .command("set")
    .description("Change the settings of a stopped machine")
    .argument("[name]", `name of the machine (default: "${defaultName}")`)
    .option("--memory <MiB>", "memory", mebibytes(memoryMinMib))
    .option("--cpus <count>", "processors", wholeNumber(1, 255))
    .option(
      "--disk-size <MiB>",
      "size of the data disk, which can only grow",
      mebibytes(diskMinMib),
    )
    .option(
      "--volume <host:guest[:ro]>",
      "share these folders instead of the present ones; repeatable",
      again,
    )
    .option("--no-volumes", "share no folders")
    .option(
      "-p, --publish <port:port>",
      "publish these ports instead of the present ones; repeatable",
      again,
    )
    .option("--no-published", "publish no ports")
    .option("--append <words>", "more options for the kernel command line")
    .addOption(new Option("--accelerator <how>", "the accelerator").choices(["auto", "kvm", "tcg"]))
    .option("--rootful", "env and the connection use root's podman")
    .option("--no-rootful", "they use the user's podman")
    .option(
      "--label <key=value>",
      "set these labels instead of the present ones; repeatable",
      again,
    )
    .action(async (name: string | undefined, flags: Flags) => {
      const change = changeOf(flags);
      const { settings, rootful, labels } = change;
      if (Object.keys(settings).length === 0 && rootful === undefined && labels === undefined) {
        throw new UsageError("Nothing to change: --help lists the options.");
      }
      for (const line of await changeMachine(context.host(), name ?? defaultName, change)) {
        context.terminal.out(line);
      }
    });
}

function again(value: string, before: string[] | undefined): string[] {
  return collect(value, before ?? []);
}

function changeOf(flags: Flags): Change {
  const shares = flags.volumes ? flags.volume?.map(parseVolume) : [];
  const publish = flags.published ? flags.publish?.map(parsePublish) : [];
  return {
    settings: {
      ...(flags.memory === undefined ? {} : { Memory: flags.memory }),
      ...(flags.cpus === undefined ? {} : { CPU: flags.cpus }),
      ...(flags.diskSize === undefined ? {} : { DiskSize: flags.diskSize }),
      ...(shares === undefined ? {} : { Shares: shares }),
      ...(publish === undefined ? {} : { Publish: publish }),
      ...(flags.append === undefined ? {} : { KernelArguments: flags.append }),
      ...(flags.accelerator === undefined ? {} : { Accelerator: flags.accelerator }),
    },
    rootful: flags.rootful,
    labels: flags.label,
  };
}
