import { oneLine } from "../../command/one-line.ts";
import { commandOf } from "../../containers/podman/podman-of.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { scrubbedEnvironment } from "../../kernel/processes.ts";
import { runChecked } from "../../kernel/run-checked.ts";
import type { ServiceDefinition } from "../definition/service-definition.ts";
import type { SpecifierValues } from "../unit/specifiers.ts";
import { splitWords } from "../unit/split-words.ts";

const longestFileBytes = 256 * 1024;

/** What all commands of a service find in their environment. Throws an Error for a file that isn't there or no such file. */
export async function environmentOf(
  kernel: Kernel,
  user: SpecifierValues["user"],
  definition: ServiceDefinition,
): Promise<Record<string, string>> {
  const environment: Record<string, string> = {
    ...scrubbedEnvironment,
    HOME: user.home,
    USER: user.name,
    LOGNAME: user.name,
    SHELL: "/bin/sh",
    ...(user.uid === 0 ? {} : { XDG_RUNTIME_DIR: `/run/user/${user.uid}` }),
  };
  for (const [name, value] of definition.environment) {
    environment[name] = value;
  }
  for (const { path, isOptional } of definition.environmentFiles) {
    for (const [name, value] of await readFile(kernel, user, path, isOptional)) {
      environment[name] = value;
    }
  }
  for (const name of definition.unsetEnvironment) {
    delete environment[name];
  }
  return environment;
}

/** As the owner reads it: root must not tell a user's service what that user can't see. */
async function readFile(
  kernel: Kernel,
  user: SpecifierValues["user"],
  path: string,
  isOptional: boolean,
): Promise<[string, string][]> {
  try {
    const words = ["head", "-c", String(longestFileBytes + 1), "--", path];
    const text = await runChecked(kernel, commandOf(user, words), { timeoutMs: 60_000 });
    if (text.length > longestFileBytes) {
      throw new Error(`it is longer than ${longestFileBytes} bytes`);
    }
    return parseEnvironmentFile(text);
  } catch (error) {
    if (isOptional) {
      return [];
    }
    throw new Error(`EnvironmentFile=${path}: ${oneLine(error)}`, { cause: error });
  }
}

/** NAME=value lines; values may be in quotes, lines that begin with # or ; are comments (systemd.exec(5)). */
export function parseEnvironmentFile(text: string): [string, string][] {
  const joined = text.replaceAll(/\\\n/g, "");
  return joined.split("\n").flatMap((raw, index): [string, string][] => {
    const line = raw.trim();
    if (line === "" || line.startsWith("#") || line.startsWith(";")) {
      return [];
    }
    const match = /^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(line);
    if (match === null) {
      throw new Error(`line ${index + 1} is no NAME=value`);
    }
    const value = (match[2] ?? "").trim();
    const isQuoted = value.startsWith('"') || value.startsWith("'");
    return [[match[1] ?? "", isQuoted ? splitWords(value).join(" ") : value]];
  });
}
