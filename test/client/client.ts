// npm run client [-- --suite trixie|sid] [--session NAME]: a whole life of machines by Podman's own, unmodified client of
// that Debian, in namespaces of this host without a way out; prints a table. Exit status 1 when a step fails.
import { statSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import { diskImageName } from "../../image/publish/artifacts.ts";
import { readManifest } from "../../image/publish/manifest.ts";
import { progressOn } from "../../image/report/progress.ts";
import { clientRoot, type Uid } from "./client-root.ts";
import { hostNow, writeFigures } from "./figures.ts";
import { Laboratory } from "./laboratory.ts";
import { quickRelease } from "./quick-release.ts";
import { firstUse, fromRegistry, secondUser, wholeSession, withoutAgents } from "./sessions.ts";
import { MachineAbsentError, Session, type StepResult } from "./steps.ts";

const suites = ["trixie", "sid"] as const;
const names = ["first use", "registry", "no agents", "uid 1000", "uid 1001"] as const;
const usage = `usage: npm run client [-- [--suite ${suites.join("|")}] [--session "${names.join('"|"')}"]]`;

const { suite, session: only } = asked();
const repository = path.resolve(import.meta.dirname, "../..");
const dist = path.join(repository, "dist");
const cache = path.join(repository, ".cache");
const release = path.join(cache, "client/release");
const progress = progressOn(process.stdout);
const { version } = readManifest(dist);

interface Planned {
  uid: Uid;
  prepare?: () => Promise<unknown>;
  run: (session: Session) => Promise<unknown>;
}
const sessions: Record<(typeof names)[number], Planned> = {
  "first use": { uid: 1000, run: measureFirstUse },
  registry: {
    uid: 1000,
    prepare: () => quickRelease(dist, release, progress),
    run: (s) => fromRegistry(s, version),
  },
  "no agents": { uid: 1000, run: withoutAgents },
  "uid 1000": { uid: 1000, run: wholeSession },
  "uid 1001": { uid: 1001, run: secondUser },
};

const root = await clientRoot(suite, cache, progress);
console.log(`Debian ${suite}: ${root.versions}`);
const results: StepResult[] = [];
for (const name of names) {
  if (only !== undefined && only !== name) {
    continue;
  }
  const { uid, prepare, run } = sessions[name];
  await mkdir(release, { recursive: true });
  await prepare?.();
  const laboratory = await Laboratory.open(root, { dist, release });
  try {
    const session = new Session(laboratory, name, uid, (line) => console.log(line));
    try {
      await run(session);
    } finally {
      results.push(...session.results);
    }
  } catch (error) {
    if (!(error instanceof MachineAbsentError)) {
      throw error;
    }
    console.log(error.message);
  } finally {
    await laboratory.close();
  }
}
const failed = results.filter(({ failure }) => failure !== undefined);
console.log(`${results.length - failed.length} of ${results.length} steps hold`);
process.exit(failed.length === 0 ? 0 : 1);

function asked() {
  const { values } = parseArgs({
    options: { suite: { type: "string", default: "trixie" }, session: { type: "string" } },
  });
  const suite = suites.find((one) => one === values.suite);
  const session = names.find((one) => one === values.session);
  if (suite === undefined || session !== values.session) {
    console.error(usage);
    process.exit(2);
  }
  return { suite, session };
}

async function measureFirstUse(session: Session): Promise<void> {
  const host = hostNow();
  const figures = await firstUse(session);
  if (session.results.every(({ failure }) => failure === undefined)) {
    const downloadBytes = statSync(path.join(dist, diskImageName)).size;
    await writeFigures({
      version,
      versions: root.versions,
      downloadBytes,
      firstUse: figures,
      host,
    });
  }
}
