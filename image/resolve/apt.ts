import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Arch } from "../recipe/recipe.ts";
import { BuildError } from "../report/build-error.ts";
import { toolEnvironment } from "../tool/environment.ts";
import { runTool } from "../tool/run-tool.ts";
import type { Archive, Mirrors } from "./mirrors.ts";

/** Keys of Debian's archives, by the package debian-archive-keyring. */
const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** An apt of our own: its lists, status and settings lie in a private folder. */
export interface PrivateApt {
  environment: Record<string, string>;
  mirrors: Mirrors;
}

/** A package as the archive has it now. */
export interface ArchivedPackage {
  name: string;
  version: string;
  archive: Archive;
  /** Below the archive's URL, like pool/main/c/crun/crun_1.21-1_amd64.deb. */
  path: string;
  sizeBytes: number;
  sha256: string;
}

/** A file of a source package, as the archive's signed indexes name it. */
export interface SourceFile {
  url: string;
  name: string;
  sha256: string;
}

/**
 * Makes the private apt state in `folder`. The machine's own way of reaching mirrors (proxies,
 * timeouts, date checks) is taken over; its sources, packages and hooks are not.
 * @throws BuildError when Debian's keys are not installed.
 */
export async function makePrivateApt(
  folder: string,
  suite: string,
  arch: Arch,
  mirrors: Mirrors,
  kinds: readonly ("deb" | "deb-src")[] = ["deb"],
): Promise<PrivateApt> {
  if (!existsSync(keyring)) {
    throw new BuildError(
      `${keyring} is missing, so that nothing from Debian can be checked: install the package debian-archive-keyring`,
    );
  }
  rmSync(join(folder, "lists", "partial"), { recursive: true, force: true });
  for (const name of ["lists/partial", "cache/archives/partial", "etc"]) {
    mkdirSync(join(folder, name), { recursive: true });
  }
  writeFileSync(join(folder, "status"), "");
  writeFileSync(
    join(folder, "etc", "sources.list"),
    kinds.map((kind) => sourcesList(suite, mirrors, kind)).join(""),
  );
  const settings = join(folder, "apt.conf");
  writeFileSync(settings, await aptSettings(folder, arch));
  return { environment: { ...toolEnvironment(), APT_CONFIG: settings }, mirrors };
}

/** Three sources: the release, its point updates, its security updates. */
export function sourcesList(
  suite: string,
  mirrors: Mirrors,
  kind: "deb" | "deb-src" = "deb",
): string {
  const line = (url: string, name: string) =>
    `${kind} [signed-by=${keyring}] ${url} ${name} main\n`;
  return (
    line(mirrors.debian, suite) +
    line(mirrors.debian, `${suite}-updates`) +
    line(mirrors["debian-security"], `${suite}-security`)
  );
}

async function aptSettings(folder: string, arch: Arch): Promise<string> {
  const machine = await runTool("apt-config", ["dump", "Acquire"], {
    purpose: "read this machine's apt settings",
  });
  const kept = machine.stdout
    .split("\n")
    .filter((line) => /^Acquire::(https?|ftp|Check-|Retries)/i.test(line));
  const own = [
    `Dir::State "${folder}";`,
    `Dir::State::lists "${folder}/lists";`,
    `Dir::State::status "${folder}/status";`,
    `Dir::Cache "${folder}/cache";`,
    `Dir::Etc "${folder}/etc";`,
    `Dir::Etc::parts "/dev/null";`,
    `APT::Architecture "${arch}";`,
    `APT::Architectures { "${arch}"; };`,
    // Root's apt would hand downloads to a user who can't enter our folder.
    `APT::Sandbox::User "root";`,
    `APT::Update::Error-Mode "any";`,
    `Acquire::Languages "none";`,
    `Acquire::http::Timeout "20";`,
    `Acquire::https::Timeout "20";`,
  ];
  return [...kept, ...own, ""].join("\n");
}

/** Fetches the archive's signed indexes. */
export async function updateIndexes(apt: PrivateApt): Promise<void> {
  await runTool("apt-get", ["-q", "update"], {
    purpose: `fetch the package indexes from ${apt.mirrors.debian} (is the network up? --mirror URL chooses another mirror)`,
    env: apt.environment,
  });
}

/**
 * What the archive has of exactly these packages, without their dependencies.
 * @throws BuildError that names the packages which the archive doesn't have.
 */
export async function lookUpPackages(
  apt: PrivateApt,
  names: readonly string[],
): Promise<ArchivedPackage[]> {
  const { stdout } = await runTool("apt-get", ["-q", "download", "--print-uris", "--", ...names], {
    purpose: "find the recipe's packages in the archive",
    env: apt.environment,
  });
  const found = stdout.split("\n").flatMap((line) => {
    const one = parseUriLine(line, apt.mirrors);
    return one ? [one] : [];
  });
  const missing = names.filter((name) => !found.some((one) => one.name === name));
  if (missing.length > 0) {
    throw new BuildError(`the archive has no package named ${missing.join(", ")}`);
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Reads a line of `apt-get --print-uris`: 'URL' file size HASH:value.
 * @throws BuildError for a place that is not below the mirror.
 */
export function parseUriLine(line: string, mirrors: Mirrors): ArchivedPackage | undefined {
  const [, url, file, size, sha256] =
    /^'([^']+)' (\S+) (\d+) SHA256:([0-9a-f]{64})/.exec(line.trim()) ?? [];
  if (!url || !file || !size || !sha256) {
    return undefined;
  }
  const [name, version] = file.split("_");
  if (!name || !version) {
    return undefined;
  }
  // The security archive's URL begins with the main one's: look for the longer first.
  const archives: Archive[] = ["debian-security", "debian"];
  const archive = archives.find((one) => url.startsWith(`${mirrors[one]}/`));
  if (!archive) {
    throw new BuildError(`apt found ${name} at ${url}, which is not below ${mirrors.debian}`);
  }
  return {
    name,
    version: decodeURIComponent(version),
    archive,
    path: decodeURIComponent(url.slice(mirrors[archive].length + 1)),
    sizeBytes: Number(size),
    sha256,
  };
}

/**
 * The files of a source package in that version; the apt must have been made with "deb-src".
 * @throws BuildError when the archive's indexes don't have it.
 */
export async function lookUpSource(
  apt: PrivateApt,
  name: string,
  version: string,
): Promise<SourceFile[]> {
  const { stdout } = await runTool(
    "apt-get",
    ["-q", "source", "--print-uris", `${name}=${version}`],
    {
      purpose: `find the source of ${name} ${version} in the archive`,
      env: apt.environment,
    },
  );
  return stdout.split("\n").flatMap((line) => {
    const [, url, file, sha256] = /^'([^']+)' (\S+) \d+ SHA256:([0-9a-f]{64})/.exec(line) ?? [];
    return url && file && sha256 ? [{ url, name: file, sha256 }] : [];
  });
}

/** The names of these packages and of all that they depend on, as apt would install them on an empty system. */
export async function withDependencies(
  apt: PrivateApt,
  names: readonly string[],
): Promise<string[]> {
  const words = ["-q", "install", "--print-uris", "-y", "--no-install-recommends", "--", ...names];
  const { stdout } = await runTool("apt-get", words, {
    purpose: `find what ${names.join(", ")} depend on`,
    env: apt.environment,
  });
  return stdout.split("\n").flatMap((line) => {
    const [, name] = /^'[^']+' ([^_ ]+)_\S+ \d+ /.exec(line) ?? [];
    return name ? [name] : [];
  });
}

/** The packages that a package depends on, by name, without alternatives. */
export async function dependenciesOf(apt: PrivateApt, name: string): Promise<string[]> {
  const { stdout } = await runTool("apt-cache", ["depends", "--important", name], {
    purpose: `look up what ${name} depends on`,
    env: apt.environment,
  });
  return stdout.split("\n").flatMap((line) => {
    const [, dependency] = /^\s+Depends: (\S+)$/.exec(line) ?? [];
    return dependency ? [dependency] : [];
  });
}
