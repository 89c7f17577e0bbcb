import { oneLine } from "../../command/one-line.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { readContainerHealth } from "../../record/container-health.ts";
import { recordFolder } from "../../record/stages/stage-record.ts";
import { Fields, type Json, type JsonObject } from "../json/json.ts";
import type { Call, Handler, ServedInterface } from "../service/interface.ts";
import { invalidParameter, VarlinkError } from "../service/varlink-error.ts";
import { Commands } from "./ask-command.ts";
import { descriptions, type OwnName } from "./descriptions.ts";
import { watched } from "./watched.ts";

/** What is asked of the system. */
type OwnKernel = Pick<
  Kernel,
  "exists" | "listIfPresent" | "listNoFollow" | "readText" | "run" | "watchFolder"
>;

/** The check of a large disk takes hours, and so may what comes over a network. */
const longestMs = 24 * 3_600_000;

/** There once the boot has looked for extensions; what changes in their folders is seen. */
const extensionsFolder = "/run/boot2podman/extensions";
const keptExtensions = "/var/lib/boot2podman/tce/optional";
/** What can be done with extensions, by the word of their command. */
const extensionVerbs = {
  Add: "add",
  Remove: "rm",
  Load: "load",
  Unload: "unload",
  Enable: "enable",
  Disable: "disable",
  Update: "update",
} as const;

/**
 * Our own interfaces, by the last word of their names: what commands say with --json, and what they do. Whoever may not
 * change anything is told so.
 */
export function ownInterfaces(
  kernel: OwnKernel,
  mayChange: boolean,
): Readonly<Record<OwnName, () => Promise<ServedInterface>>> {
  const commands = new Commands(kernel);
  const says =
    (
      words: readonly string[],
      folders: () => readonly string[],
      take: (said: Fields) => JsonObject,
    ) =>
    (call: Call) =>
      watched(kernel, folders(), call, async () =>
        take(new Fields(await commands.inTurn(words, call.gone))),
      );
  const changes =
    (handler: Handler): Handler =>
    async (call) => {
      if (!mayChange) {
        throw new VarlinkError("org.varlink.service.PermissionDenied");
      }
      return await handler(call);
    };
  const records = () => [recordFolder];
  const status = ["boot2podman", "status"];
  const handlers: Record<OwnName, Readonly<Record<string, Handler>>> = {
    Status: { Get: says(status, records, ({ value }) => ({ status: value })) },
    Health: {
      List: (call) =>
        watched(kernel, [`${recordFolder}/health`], call, async () => ({
          containers: readContainerHealth(kernel).map((one) => ({ ...one })),
        })),
    },
    Disks: {
      Get: says(status, records, (said) => ({
        boot:
          said.objects("stages").find((one) => one.text("stage") === "automount")?.value ?? null,
        dataDisk: said.raw("dataDisk"),
      })),
      DryRun: changes(async ({ gone }) =>
        objectOf(await commands.inTurn(["automount", "--dry-run"], gone)),
      ),
      SetUp: changes(async () => objectOf(await commands.atOnce(["automount"], longestMs))),
    },
    Keys: {
      List: says(
        ["sshkeys", "list"],
        () => keyFolders(kernel),
        ({ value }) => value,
      ),
      Rotate: changes(async ({ parameters, gone }) => {
        const words = ["sshkeys", "rotate", ...new Set(parameters.texts("types"))];
        return objectOf(await commands.inTurn(words, gone));
      }),
    },
    Extensions: {
      List: (call) =>
        watched(kernel, [`${extensionsFolder}/loaded`, keptExtensions], call, async () => {
          const words = ["boot2podman", "extension", "ls"];
          const isThere = kernel.exists(extensionsFolder);
          const extensions = isThere ? await commands.inTurn(words, call.gone) : [];
          return { extensions: extensions ?? [] };
        }),
      ...Object.fromEntries(
        Object.entries(extensionVerbs).map(([method, verb]) => [
          method,
          changes(async ({ parameters }) => {
            const names = parameters.texts("names");
            if (names.some((name) => !/^[\w/]/.test(name))) {
              throw invalidParameter("names");
            }
            const words = ["boot2podman", "extension", verb, ...names];
            return objectOf(await commands.atOnce(words, longestMs));
          }),
        ]),
      ),
    },
  };
  const served = (name: OwnName) => async () => ({
    description: descriptions[name],
    handlers: handlers[name],
    failure: (error: unknown) => ({
      error: `io.boot2podman.${name}.Failed`,
      parameters: { reason: oneLine(error) },
    }),
  });
  return {
    Status: served("Status"),
    Health: served("Health"),
    Disks: served("Disks"),
    Keys: served("Keys"),
    Extensions: served("Extensions"),
  };
}

function objectOf(json: Json): JsonObject {
  return new Fields(json).value;
}

/** Where keys lie that change while the machine runs. */
function keyFolders(kernel: OwnKernel): string[] {
  const homes = kernel.listNoFollow("/home").map((name) => `/home/${name}/.ssh`);
  return [recordFolder, "/etc/ssh", "/etc/ssh/authorized_keys.d", ...homes];
}
