import { existsSync, readFileSync } from "node:fs";
import { appendFile, copyFile, mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { hashOf } from "../../image/cache/build-step.ts";
import { replaceFolder } from "../../image/cache/replace-folder.ts";
import type { Progress } from "../../image/report/progress.ts";
import { chooseMirrors } from "../../image/resolve/mirrors.ts";
import { run, runOk } from "../vm/harness/run.ts";

/** The host's users who have machines. */
export const uids = [1000, 1001] as const;
/** One of them. */
export type Uid = (typeof uids)[number];

const packages = [
  ...["podman", "gvproxy", "virtiofsd", "qemu-system-x86", "qemu-utils", "openssh-client"],
  ...["docker-cli", "curl", "busybox-static", "iproute2", "procps", "ca-certificates"],
  ...["golang-github-containers-common", "skopeo", "docker-registry"],
];
const wrapper = path.join(import.meta.dirname, "qemu-without-kvm.sh");

/** A Debian with Podman's client, and what it is. */
export interface ClientRoot {
  folder: string;
  /** "podman 5.4.2+ds1-2, gvproxy …" */
  versions: string;
}

/** Makes the Debian once, with mmdebstrap (as root); in the cache afterwards. */
export async function clientRoot(
  suite: "trixie" | "sid",
  cacheDir: string,
  progress: Progress,
): Promise<ClientRoot> {
  const mirrors = await chooseMirrors(process.env.BOOT2PODMAN_MIRROR);
  const key = hashOf([suite, packages, readFileSync(import.meta.filename, "utf8")]).slice(0, 12);
  const folder = path.join(cacheDir, "client", `${suite}-${key}`);
  if (!existsSync(folder)) {
    progress.line(`making a Debian ${suite} with Podman's client`);
    await replaceFolder(folder, (made) => build(suite, mirrors, made));
  }
  await copyFile(wrapper, path.join(folder, "opt/bin/qemu-system-x86_64"));
  return { folder, versions: await versionsIn(folder) };
}

async function build(
  suite: "trixie" | "sid",
  mirrors: Awaited<ReturnType<typeof chooseMirrors>>,
  made: string,
): Promise<void> {
  const keyring = "[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]";
  const sources = [
    `deb ${keyring} ${mirrors.debian} ${suite} main`,
    ...(suite === "sid"
      ? []
      : [`deb ${keyring} ${mirrors["debian-security"]} ${suite}-security main`]),
  ];
  await runOk(
    [
      ...["mmdebstrap", "--variant=minbase", '--aptopt=APT::Install-Recommends "false"'],
      // The lists of sid are valid for a week, and a mirror may be older.
      ...(suite === "sid" ? ['--aptopt=Acquire::Check-Valid-Until "false"'] : []),
      ...[`--include=${packages.join(",")}`, suite, made, "-"],
    ],
    { input: `${sources.join("\n")}\n`, timeoutMs: 1_800_000 },
  );
  await rm(path.join(made, "etc/resolv.conf"), { force: true });
  await writeFile(path.join(made, "etc/hosts"), "127.0.0.1 localhost\n::1 localhost\n");
  await writeFile(path.join(made, "etc/resolv.conf"), "nameserver 127.0.0.1\n");
  await writeFile(path.join(made, "etc/timezone"), "Europe/Berlin\n");
  await mkdir(path.join(made, "etc/containers"), { recursive: true });
  // Debian's client finds its helpers only when it is told where.
  await writeFile(
    path.join(made, "etc/containers/containers.conf"),
    '[engine]\nhelper_binaries_dir = ["/opt/bin", "/usr/bin", "/usr/libexec", "/usr/lib/podman"]\n',
  );
  await mkdir(path.join(made, "opt/bin"), { recursive: true });
  for (const uid of uids) {
    await appendFile(
      path.join(made, "etc/passwd"),
      `u${uid}:x:${uid}:${uid}::/home/u${uid}:/bin/bash\n`,
    );
    await appendFile(path.join(made, "etc/group"), `u${uid}:x:${uid}:\n`);
  }
}

async function versionsIn(folder: string): Promise<string> {
  const shown = ["podman", "gvproxy", "virtiofsd", "qemu-system-x86"];
  const { stdout } = await run([
    ...["dpkg-query", `--admindir=${folder}/var/lib/dpkg`, "-W"],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: these are dpkg-query's own placeholders
    ...["-f", "${Package} ${Version}\\n", ...shown],
  ]);
  return stdout.trim().split("\n").join(", ");
}
