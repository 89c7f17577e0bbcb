import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { hashOf } from "../../../image/cache/build-step.ts";
import { replaceFolder } from "../../../image/cache/replace-folder.ts";
import { BuildError } from "../../../image/report/build-error.ts";
import { type Result, run, runOk } from "../../vm/harness/run.ts";
import { unpackUsr } from "../../vm/harness/unpacked-usr.ts";
import { type Cache, type FetchedTests, testImageTags } from "../source/fetched-tests.ts";

/** As whom Podman is run: root, the user tc, or root's service through podman-remote. */
export const roles = ["root", "user", "remote"] as const;
/** One of them. */
export type Role = (typeof roles)[number];

/** This repository, which the laboratory sees at /opt/repository. */
export const repository = path.resolve(import.meta.dirname, "../../..");

/** No file takes this long unless it hangs; the longest takes some minutes on two busy cores. */
const fileTimeoutMs = 3_600_000;

/**
 * The image's own /usr and /etc in namespaces of this host, so that a command of Podman's takes 0.3 s rather than the
 * 8 s of an emulated machine. What this host's kernel lacks (see enter.sh) is lacking there too.
 */
export class Laboratory {
  /** Whether containers can be limited here: some hosts keep their controllers in hierarchies of cgroup v1. */
  readonly hasControllers = !/ cgroup .*\bpids\b/.test(readFileSync("/proc/self/mounts", "utf8"));

  private constructor(
    private readonly folder: string,
    private readonly tools: string,
    private readonly tests: string,
    /** The tests' own container images, in the cache. */
    readonly images: string,
  ) {}

  /** Unpacks the built image, and makes the tests' own container images with its Podman unless they are in the cache. */
  static async open(tests: FetchedTests, tools: string, cache: Cache): Promise<Laboratory> {
    if (process.getuid?.() !== 0) {
      throw new BuildError("the conformance tests mount filesystems: run them as root");
    }
    const folder = await mkdtemp("/var/tmp/b2p-conformance-");
    try {
      await unpackUsr(path.join(folder, "usr"));
      const images = await testImages(folder, tests, tools, cache);
      return new Laboratory(folder, tools, tests.folder, images);
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Runs a command as the laboratory's root, on an empty data disk. */
  run(argv: readonly string[]): Promise<Result> {
    return runIn(this.folder, [this.tools, this.tests, this.images], argv);
  }

  /** One of Podman's test files, as TAP. */
  runTests(role: Role, file: string): Promise<Result> {
    return this.run(["/opt/laboratory/run-bats.sh", role, `test/system/${file}`]);
  }

  /**
   * A script of ../scripts, as root or the user; exit status 0 when all holds that it says.
   * @param material what it needs besides the tools: a folder in the cache
   */
  runScript(role: "root" | "user", name: string, material?: string): Promise<Result> {
    const script = `/opt/repository/test/conformance/scripts/${name}`;
    const argv = ["/opt/laboratory/run-script.sh", script, role];
    if (material !== undefined) {
      argv.push(path.posix.join("/opt/repository", path.relative(repository, material)));
    }
    return this.run(argv);
  }

  async close(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function runIn(
  folder: string,
  mounts: readonly [tools: string, tests: string, images: string],
  argv: readonly string[],
): Promise<Result> {
  const home = await mkdtemp(path.join(folder, "disk-"));
  const disk = path.join(home, "disk.raw");
  try {
    await runOk(["truncate", "-s", "16G", disk]);
    await runOk(["mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", disk]);
    const enter = path.join(import.meta.dirname, "enter.sh");
    return await run(
      [
        ...["unshare", "-mnpiufC", "--kill-child", "--propagation", "private"],
        ...[enter, path.join(folder, "usr"), ...mounts, disk, ...argv],
      ],
      { timeoutMs: fileTimeoutMs },
    );
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

async function testImages(
  folder: string,
  tests: FetchedTests,
  tools: string,
  cache: Cache,
): Promise<string> {
  const { tag, toPull } = testImageTags(tests);
  const script = await readFile(path.join(import.meta.dirname, "make-images.sh"), "utf8");
  const key = hashOf([script, tag, toPull, path.basename(tools)]).slice(0, 16);
  const images = path.join(cache.folder, "conformance", `images-${key}`);
  if (!existsSync(images)) {
    cache.progress.line("making the tests' container images");
    await replaceFolder(images, async (made) => {
      const command = ["/opt/laboratory/make-images.sh", tag, toPull];
      const { exitCode, stdout, stderr } = await runIn(
        folder,
        [tools, tests.folder, made],
        command,
      );
      if (exitCode !== 0) {
        throw new BuildError(
          `cannot make the tests' container images: ${`${stdout}${stderr}`.trim().split("\n").at(-1)}`,
        );
      }
    });
  }
  return images;
}
