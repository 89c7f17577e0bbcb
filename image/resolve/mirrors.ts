import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { BuildError } from "../report/build-error.ts";
import { systemErrorCode } from "../report/system-error.ts";

/** The two archives that packages come from; a lock file names these, never hosts. */
export type Archive = "debian" | "debian-security";

/** Where each archive is reached, without a slash at the end. */
export type Mirrors = Record<Archive, string>;

/** One URL and its suites, as an apt source names them. */
export interface AptSource {
  url: string;
  suites: string[];
}

/** Suites that only Debian has: what tells its mirrors from other archives with a /debian path. */
const DEBIAN_SUITE =
  /^(buster|bullseye|bookworm|trixie|forky|duke|sid|unstable|testing|stable|oldstable)(-(security|updates|backports)|\/updates)?$/;

/** Chooses the mirrors: the one asked for, else the one that the build machine's apt uses. */
export function chooseMirrors(asked: string | undefined, sources: readonly AptSource[]): Mirrors {
  if (asked !== undefined) {
    return mirrorsOf(asked);
  }
  const debian = sources.filter(({ suites }) => suites.some((suite) => DEBIAN_SUITE.test(suite)));
  const main = debian.find(({ url }) => /\/debian$/.test(url));
  if (!main) {
    throw new BuildError(
      "no Debian mirror found in this machine's /etc/apt: give one with --mirror URL or BOOT2PODMAN_MIRROR",
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

/** Reads all apt sources of the build machine; `folder` is /etc/apt. */
export function readAptSources(folder: string): AptSource[] {
  const parts = listFolder(join(folder, "sources.list.d")).map((name) =>
    join(folder, "sources.list.d", name),
  );
  return [join(folder, "sources.list"), ...parts].flatMap((path) => {
    const text = readIfPresent(path);
    return path.endsWith(".sources") ? parseDeb822(text) : parseOneLine(text);
  });
}

/** The one-line form: `deb [options] URL suite component…`. */
export function parseOneLine(text: string): AptSource[] {
  return text.split("\n").flatMap((line) => {
    const match = /^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)/.exec(line);
    const [, url, suite] = match ?? [];
    return url && suite ? [{ url: trimUrl(url), suites: [suite] }] : [];
  });
}

/** The deb822 form: paragraphs of `Types:`, `URIs:`, `Suites:`. */
export function parseDeb822(text: string): AptSource[] {
  const lines = text.split("\n").filter((line) => !line.startsWith("#"));
  const paragraphs = lines.join("\n").split(/\n\s*\n/);
  return paragraphs.flatMap((paragraph) => {
    const fields = new Map<string, string>();
    const unfolded = paragraph.replace(/\n[ \t]+/g, " ");
    for (const line of unfolded.split("\n")) {
      const [, name, value] = /^([A-Za-z-]+):\s*(.*)$/.exec(line) ?? [];
      if (name !== undefined && value !== undefined) {
        fields.set(name.toLowerCase(), value.trim());
      }
    }
    const isOff = /^(no|false|0|off)$/i.test(fields.get("enabled") ?? "yes");
    const words = (name: string) => (fields.get(name) ?? "").split(/\s+/).filter(Boolean);
    if (isOff || !words("types").includes("deb")) {
      return [];
    }
    return words("uris").map((url) => ({ url: trimUrl(url), suites: words("suites") }));
  });
}

function trimUrl(url: string): string {
  return url.replace(/\/+$/, "");
}

function listFolder(path: string): string[] {
  try {
    return readdirSync(path)
      .filter((name) => /\.(list|sources)$/.test(name))
      .sort();
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") {
      return [];
    }
    throw error;
  }
}

function readIfPresent(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") {
      return "";
    }
    throw error;
  }
}
