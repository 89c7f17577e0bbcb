import { spawn } from "node:child_process";
import { MachineError } from "../error/machine-error.ts";
import { findProgram } from "../program/find.ts";
import { type SshTarget, sshArguments } from "../ssh/client.ts";
import { shellWords } from "../ssh/words.ts";

/**
 * Builds in a folder of its own, which is removed: what was sent is only needed while it is built. Podman's words go to
 * standard error, and the image's ID to standard output.
 */
const script = `
set -eu
tag=$1 file=$2
context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
tar -C "$context" -xf -
[ -n "$file" ] || file=$(cd "$context" && ls Containerfile Dockerfile 2>/dev/null | head -n 1)
[ -n "$file" ] || { echo "the folder has no Containerfile" >&2; exit 1; }
podman build -f "$context/$file" -t "$tag" "$context" >&2
podman image inspect -f '{{.Id}}' "$tag"
`;

/**
 * Sends a folder to the machine and builds an image of it there. Returns the image's ID. Throws when the build fails,
 * whose own words have been shown then.
 *
 * @param file the Containerfile, from the folder; undefined: Containerfile or Dockerfile.
 */
export async function buildInGuest(
  target: SshTarget,
  folder: string,
  tag: string,
  file: string | undefined,
): Promise<string> {
  const tar = await findProgram("tar");
  const words = ["sh", "-c", script, "bootc", tag, file ?? ""];
  return new Promise((resolve, reject) => {
    const pack = spawn(tar, ["-C", folder, "-cf", "-", "."], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const build = spawn("ssh", sshArguments(target, [shellWords(words)]), {
      stdio: ["pipe", "pipe", "inherit"],
    });
    // The build may end before it has read all: its status says why.
    build.stdin.on("error", () => undefined);
    pack.stdout.pipe(build.stdin);
    pack.on("error", reject);
    build.on("error", reject);
    let said = "";
    build.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    build.on("close", (status) => {
      const id = said.trim();
      if (status === 0 && /^[0-9a-f]{64}$/.test(id)) {
        resolve(id);
      } else {
        reject(
          new MachineError(
            `${folder} could not be built in "${target.name}" (status ${status}): podman's own words are above.`,
          ),
        );
      }
    });
  });
}
