// npm run client [-- --suite trixie|sid] [--session NAME]: a whole life of machines by Podman's own, unmodified client of
// that Debian, in namespaces of this host without a way out; prints a table. Exit status 1 when a step fails.
import path from "node:path";
import { parseArgs } from "node:util";
import { progressOn } from "../../image/report/progress.ts";
import { clientRoot, type Uid } from "./client-root.ts";
import { Laboratory } from "./laboratory.ts";
import { secondUser, wholeSession } from "./sessions.ts";
import { MachineAbsentError, Session, type StepResult } from "./steps.ts";

const { values: options } = parseArgs({
  options: {
    suite: { type: "string", default: "trixie" },
    session: { type: "string" },
  },
});
const suite = options.suite === "sid" ? "sid" : "trixie";
const repository = path.resolve(import.meta.dirname, "../..");
const sessions: readonly [name: string, uid: Uid, run: (session: Session) => Promise<void>][] = [
  ["uid 1000", 1000, wholeSession],
  ["uid 1001", 1001, secondUser],
];

const root = await clientRoot(suite, path.join(repository, ".cache"), progressOn(process.stdout));
console.log(`Debian ${suite}: ${root.versions}`);
const results: StepResult[] = [];
for (const [name, uid, runSession] of sessions) {
  if (options.session !== undefined && options.session !== name) {
    continue;
  }
  const laboratory = await Laboratory.open(root, path.join(repository, "dist"));
  try {
    const session = new Session(laboratory, name, uid, (line) => console.log(line));
    try {
      await runSession(session);
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
