import type { Kernel } from "../../kernel/kernel.ts";
import { type Limit, orStuck } from "../../kernel/quiet.ts";
import type { SystemPath } from "../../kernel/system-path.ts";
import { expandVariables } from "../definition/commands.ts";
import type { ServiceCommand, ServiceDefinition } from "../definition/service-definition.ts";
import type { SpecifierValues } from "../unit/specifiers.ts";
import { launchWords } from "./launch.ts";

/** A command of a service, and where it runs. */
export interface CommandRequest {
  user: SpecifierValues["user"];
  group: SystemPath;
  command: ServiceCommand;
  definition: Pick<ServiceDefinition, "workingDirectory">;
  environment: Readonly<Record<string, string>>;
  logPath: string;
}

/** Starts a command beside us. */
export function spawnCommand(kernel: Kernel, request: CommandRequest) {
  const { user, group, command, environment, logPath } = request;
  const argv = expandVariables(command, environment);
  return kernel.spawn(launchWords(user, group, folderOf(kernel, request), argv), {
    env: environment,
    logPath,
  });
}

/** Runs it to its end: its status, or "late" when it was killed since it didn't come to one. */
export async function runCommand(
  kernel: Kernel,
  request: CommandRequest & { limit: Limit },
): Promise<number | "late"> {
  const child = spawnCommand(kernel, request);
  const status = await orStuck(kernel, child.exited, request.limit, () => "late" as const);
  if (status === "late") {
    child.kill("SIGKILL");
  }
  return status;
}

/** "-": one that isn't there is passed over. */
function folderOf(kernel: Kernel, { user, definition }: CommandRequest): string {
  const { workingDirectory } = definition;
  const usual = user.uid === 0 ? "/" : user.home;
  if (workingDirectory === undefined) {
    return usual;
  }
  const path = workingDirectory.replace(/^-/, "");
  return workingDirectory.startsWith("-") && !kernel.exists(path) ? usual : path;
}
