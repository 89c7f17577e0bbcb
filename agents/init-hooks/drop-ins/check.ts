import { parse, TomlError } from "smol-toml";

/**
 * Throws in one line when Podman couldn't read that file of /etc/containers: it would then refuse every command.
 * Files of kinds that we don't know are not judged.
 */
export function checkContainersFile(path: string, text: string): void {
  if (path.endsWith(".json")) {
    JSON.parse(text);
  }
  if (!path.endsWith(".conf")) {
    return;
  }
  try {
    parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) {
      throw error;
    }
    throw new Error(`line ${error.line} is not valid TOML`, { cause: error });
  }
}
