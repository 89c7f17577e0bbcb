import { parse, TomlError } from "smol-toml";

/** Settings of containers.conf that lead to systemd, and what takes their place (containers.conf(5)). */
const leadsToSystemd = [
  { table: "containers", key: "log_driver", value: "journald", instead: "k8s-file" },
  { table: "engine", key: "events_logger", value: "journald", instead: "file" },
  { table: "engine", key: "cgroup_manager", value: "systemd", instead: "cgroupfs" },
] as const;

/**
 * Throws in one line when Podman couldn't read that file of /etc/containers, or when it asks for systemd: Podman would
 * then refuse every command, lose what containers print, or start nothing without a word. Files of kinds that we don't
 * know are not judged.
 */
export function checkContainersFile(path: string, text: string): void {
  if (path.endsWith(".json")) {
    JSON.parse(text);
  }
  if (!path.endsWith(".conf")) {
    return;
  }
  const settings = parsed(text);
  for (const { table, key, value, instead } of leadsToSystemd) {
    const found = settings[table];
    if (isTable(found) && found[key] === value) {
      throw new Error(
        `${key} = "${value}" needs systemd, which this system doesn't have; use "${instead}"`,
      );
    }
  }
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) {
      throw error;
    }
    throw new Error(`line ${error.line} is not valid TOML`, { cause: error });
  }
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
