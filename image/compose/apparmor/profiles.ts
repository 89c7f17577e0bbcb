import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runBuildStep } from "../../cache/build-step.ts";
import { type ContentStore, readContent, storeContent } from "../../files/content.ts";
import type { Entry, FileEntry } from "../../files/entry.ts";
import { BuildError } from "../../report/build-error.ts";
import { toolOutput } from "../../tool/tool-output.ts";
import { type PodmanProfile, readPodmanProfile } from "./podman-profile.ts";

/** Where the compiled profiles lie in the image; its apparmor_parser finds them there by their names. */
const home = "usr/lib/boot2podman/apparmor";

/**
 * What of the kernel's mediation the profiles are made for. Of Linux 6.12's list it lacks what Podman's profile has
 * no rules for, such as user namespaces: a profile made for a list with them would forbid them.
 */
const features = fileURLToPath(new URL("features", import.meta.url));

/**
 * Compiles Podman's AppArmor profile under each of the names: apparmor_parser itself is too big for the image.
 * The result is the same for every architecture that is little-endian.
 * @throws BuildError when the name that this Podman asks for isn't among them.
 */
export async function composeProfiles(
  podman: FileEntry,
  names: readonly string[],
  cacheDir: string,
  store: ContentStore,
): Promise<Entry[]> {
  const folder = await runBuildStep(
    {
      name: "apparmor",
      cacheDir,
      inputs: { podman: podman.sha256, names },
      code: ["compose/apparmor"],
    },
    async (output) => {
      const profile = readPodmanProfile(readContent(store, podman.sha256));
      checkNames(profile, names);
      for (const name of names) {
        writeFileSync(join(output, name), await compileProfile(profile.textFor(name)));
      }
    },
  );
  return names.map((name) => {
    const bytes = readFileSync(join(folder, name));
    const sha256 = storeContent(store, bytes);
    const path = `${home}/${name}`;
    return { path, type: "file", mode: 0o644, uid: 0, gid: 0, sizeBytes: bytes.length, sha256 };
  });
}

/** @throws BuildError when Podman would ask for a profile that the image doesn't get. */
export function checkNames({ name }: PodmanProfile, names: readonly string[]): void {
  if (!names.includes(name)) {
    throw new BuildError(
      `apparmor.profiles has no "${name}", which this Podman asks for: add it, and keep the others, since containers remember the name that they were made with`,
    );
  }
}

/** A profile's text → the policy that the kernel reads. Nothing of this machine's AppArmor is looked at. */
export async function compileProfile(text: string): Promise<Buffer> {
  const ways = ["--config-file=/dev/null", "--skip-kernel-load", "--skip-cache", "--stdout"];
  const made = [`--kernel-features=${features}`, `--policy-features=${features}`];
  return await toolOutput("apparmor_parser", [...ways, ...made], {
    purpose: "compile the AppArmor profile of containers",
    input: text,
  });
}
