import { BuildError } from "../report/build-error.ts";
import { type AptSource, readAptSources } from "./apt-sources.ts";

/** The two archives that packages come from; a lock file names these, never hosts. */
export type Archive = "debian" | "debian-security";

/** Where each archive is reached, without a slash at the end. */
export type Mirrors = Record<Archive, string>;

/** Suites that only Debian has: what tells its mirrors from other archives with a /debian path. */
const debianSuite =
  /^(buster|bullseye|bookworm|trixie|forky|duke|sid|unstable|testing|stable|oldstable)(-(security|updates|backports)|\/updates)?$/;

/**
 * Chooses the mirrors: the one asked for, else the one that the build machine's apt uses.
 * @throws BuildError when what is asked for is no URL, or this machine's apt uses no Debian mirror.
 */
export async function chooseMirrors(asked: string | undefined): Promise<Mirrors> {
  return asked === undefined ? mirrorsAmong(await readAptSources()) : mirrorsOf(asked);
}

/**
 * The Debian mirrors among apt sources; security updates come from beside the main archive where no source names
 * them.
 * @throws BuildError when there is no Debian mirror among them.
 */
export function mirrorsAmong(sources: readonly AptSource[]): Mirrors {
  const debian = sources.filter(({ suite }) => debianSuite.test(suite));
  const main = debian.find(({ url }) => /\/debian$/.test(url));
  if (!main) {
    throw new BuildError(
      "no Debian mirror found in this machine's apt sources: give one with --mirror URL or BOOT2PODMAN_MIRROR",
    );
  }
  const security = debian.find(({ url }) => /\/debian-security$/.test(url));
  return {
    debian: main.url,
    "debian-security": security?.url ?? mirrorsOf(main.url)["debian-security"],
  };
}

function mirrorsOf(url: string): Mirrors {
  const trimmed = url.replace(/\/+$/, "");
  if (!/^(https?|file):\/\/.+/.test(trimmed)) {
    throw new BuildError(
      `"${url}" is not a mirror: expected an http, https or file URL like https://deb.debian.org/debian`,
    );
  }
  return {
    debian: trimmed,
    "debian-security": `${trimmed}-security`,
  };
}
