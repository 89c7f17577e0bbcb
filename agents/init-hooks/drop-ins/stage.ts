import { oneLine } from "../../command/one-line.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { stateFolder } from "../../kernel/state-folder.ts";
import type { Stage, StageNotes } from "../../stage/stage.ts";
import { mebibyte } from "../../units/bytes.ts";

const source = `${stateFolder}/etc/containers`;
const target = "/etc/containers";
const longestFileBytes = mebibyte;
/** Quadlet files aren't copied: their folder of the disk is bound there (flavour.ts). */
const quadletFolder = "systemd";
/** certs.d/HOST:PORT/ca.crt */
const deepest = 4;

/** Podman's configuration of one's own: files below etc/containers of the data disk replace or join the image's. */
export const dropInsStage: Stage = {
  name: "drop-ins",
  needs: ["settings", "containers"],
  deadlineMs: 10_000,
  async run({ kernel, notes }) {
    if (!kernel.exists(source)) {
      return { result: "skipped", message: "no etc/containers" };
    }
    const warnings: string[] = [];
    const paths = filesBelow(kernel, "", deepest, warnings);
    if (paths.length + warnings.length === 0) {
      return { result: "skipped", message: "no files in etc/containers" };
    }
    // Its parser of TOML takes longer to load than all else here.
    const { checkContainersFile } = await import("./check.ts");
    for (const path of paths) {
      try {
        copyFile(kernel, path, checkContainersFile, notes);
      } catch (error) {
        warnings.push(`etc/containers/${path} is skipped: ${oneLine(error)}`);
      }
    }
    const message = `${notes.done.length} files of /etc/containers from the data disk`;
    if (warnings.length > 0) {
      throw new Error([message, ...warnings].join("; "));
    }
    return { result: "ok", message };
  },
};

function copyFile(
  kernel: Kernel,
  path: string,
  check: (path: string, text: string) => void,
  notes: StageNotes,
): void {
  const bytes = kernel.readNoFollow(`${source}/${path}`, longestFileBytes + 1);
  if (bytes === undefined) {
    return;
  }
  if (bytes.length > longestFileBytes) {
    throw new Error(`it is longer than ${longestFileBytes} bytes`);
  }
  check(path, new TextDecoder().decode(bytes));
  const folder = path.includes("/") ? `${target}/${path.slice(0, path.lastIndexOf("/"))}` : target;
  kernel.mkdir(folder);
  // Keys of clients (certs.d/HOST/client.key) are root's alone.
  const mode = path.endsWith(".key") ? 0o600 : 0o644;
  kernel.writeAtomic(`${target}/${path}`, bytes, { mode });
  notes.done.push(path);
}

/** Paths of files below, without those that hide; links are warned about and not followed. */
function filesBelow(kernel: Kernel, folder: string, levels: number, warnings: string[]): string[] {
  const within = folder === "" ? source : `${source}/${folder}`;
  return kernel.listNoFollow(within).flatMap((name) => {
    if (name.startsWith(".") || (folder === "" && name === quadletFolder)) {
      return [];
    }
    const path = folder === "" ? name : `${folder}/${name}`;
    const kind = kernel.lstat(`${source}/${path}`)?.kind;
    if (kind === "file") {
      return [path];
    }
    if (kind === "folder" && levels > 1) {
      return filesBelow(kernel, path, levels - 1, warnings);
    }
    warnings.push(`etc/containers/${path} is skipped: it is a ${kind ?? "file that is gone"}`);
    return [];
  });
}
