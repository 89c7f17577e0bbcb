import { parse } from "smol-toml";
import { parseSums } from "../../agents/extensions/mirror.ts";
import {
  compareVersions,
  orderOf,
  parseFileName,
  parseNames,
  parseRelease,
  releaseMisfit,
} from "../../agents/extensions/names.ts";
import { parseService } from "../../agents/extensions/services.ts";
import { bytesOf, text } from "./seeds.ts";
import { must, type Target } from "./target.ts";

/** What overlayfs takes for a path of its own in the list of its layers, and nothing leads out of a folder by. */
const plainName = /^[A-Za-z0-9][A-Za-z0-9._+-]*$/;

const lists: Target = {
  name: "lists of extensions",
  seeds: bytesOf("jq.tcz\nskopeo\n# no\n../x\n", "a-1.2-x86-64.raw\nb.raw\n"),
  check(input) {
    const { names, wrong } = parseNames(text(input));
    must(
      names.every((name) => plainName.test(name)),
      "a name is no path",
    );
    must(new Set(names).size === names.length, "each once");
    must(
      wrong.every((line) => !line.includes("\n") && line.length <= 100),
      "a short line",
    );
    const { order } = orderOf(names, (name) =>
      name.length % 3 === 0 ? undefined : names.slice(0, 3),
    );
    must(new Set(order).size === order.length, "loaded once");
    must(
      order.every((name) => names.includes(name)),
      "only what is there",
    );
    return names.length > 0;
  },
};

const sums: Target = {
  name: "the list of a mirror",
  seeds: bytesOf(
    `${"a".repeat(64)}  skopeo-1.18.0-x86-64.raw\n${"b".repeat(64)} *./x-1-arm64.raw\n`,
  ),
  check(input) {
    const found = [...parseSums(text(input))];
    for (const [file, sha256] of found) {
      must(
        /^[0-9a-f]{64}$/.test(sha256) && !/[/\s]/.test(file),
        "a sum, and a name that is no path",
      );
      const parsed = parseFileName(file);
      must(parsed === undefined || plainName.test(parsed.name), "a name is plain");
      must(parsed === undefined || !/[:,\\]/.test(parsed.version), "a version is plain");
    }
    const versions = found.map(([file]) => parseFileName(file)?.version ?? "");
    versions.sort(compareVersions);
    return found.length > 0;
  },
};

const releases: Target = {
  name: "extension-release",
  seeds: bytesOf("ID=_any\nARCHITECTURE=x86-64\n", 'ID="boot2podman"\nVERSION_ID=1.0.0\n'),
  check(input) {
    const system = parseRelease("ID=boot2podman\nVERSION_ID=1.0.0\n");
    const problem = releaseMisfit(parseRelease(text(input)), system, "x86-64", false);
    must(problem === undefined || !problem.includes("\n"), "a line");
    return problem === undefined;
  },
};

const services: Target = {
  name: "services of extensions",
  seeds: bytesOf(
    'command = ["dockerd", "-D"]\nready = "/run/x.sock"\n',
    'command = ["/a"]\nrestart = "never"\nneeds = ["b"]\nenvironment.A = "1"\n',
  ),
  check(input) {
    try {
      const { command, ready, needs } = parseService("x", parse(text(input)));
      must(command.length > 0 && !command.some((word) => word.includes("\0")), "words are words");
      must(ready === undefined || ready.startsWith("/"), "a path is absolute");
      must(
        needs.every((name) => typeof name === "string"),
        "names are texts",
      );
      return true;
    } catch (error) {
      must(error instanceof Error, "an error");
      return false;
    }
  },
};

/** What is read of extensions and their mirrors. */
export const extensionTargets = [lists, sums, releases, services] as const;
