import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { type Going, type Laboratory, oneProcessor, standIn, told } from "./laboratory.ts";
import { standInUser } from "./stand-in.ts";

const shows = /^From the change to SSH: ([\d.]+) s\. .* ssh ([0-9a-f]+)$/m;

/** Two editions of a folder, the second saved while the first runs, with one between that can't be built. */
export async function watch(lab: Laboratory): Promise<void> {
  const project = path.join(lab.folder, "project");
  await mkdir(project, { recursive: true });
  const recipe = path.join(project, "Containerfile");
  const good = `FROM ${standIn}\nCOPY edition /etc/edition\n`;
  await writeFile(recipe, good);
  await writeFile(path.join(project, "edition"), "first\n");
  await lab.machine("stop", "box");
  const watching = lab.going("watch", ...oneProcessor, "--user", standInUser, project);
  try {
    const first = await reached(lab, watching, 1);
    lab.check(
      first === seenBy("first"),
      "watch starts the machine that builds, and boots what a folder builds, with the key of --user",
      `${first}\n${watching.said()}`,
    );
    await writeFile(recipe, `${good}RUN false\n`);
    await watching.says(/could not be built/);
    const still = await reached(lab, watching, 1);
    lab.check(still === seenBy("first"), "after a build that fails it still runs", watching.said());
    await writeFile(path.join(project, "edition"), "second\n");
    await writeFile(recipe, good);
    const second = await reached(lab, watching, 2);
    lab.check(
      second === seenBy("second"),
      "and it boots what is saved next",
      `${second}\n${watching.said()}`,
    );
  } finally {
    await watching.end("SIGINT");
  }
  const listed = await lab.bootc("list");
  lab.check(!listed.stdout.includes("watch-project"), "^C removes the machine", told(listed));
  const state = await lab.machine("status", "box");
  lab.check(
    /Stopped/.test(state.stdout),
    "and stops the machine that builds, which it had started",
    told(state),
  );
}

/** What the machine of the newest build has in its file, once it is said to be there. */
async function reached(lab: Laboratory, watching: Going, times: number): Promise<string> {
  await watching.says(shows, times);
  const lines = [...watching.said().matchAll(new RegExp(shows.source, "gm"))];
  const [, seconds, id = "none"] = lines.at(-1) ?? [];
  if (lines.length > lab.figures.filter(({ what }) => what.startsWith("watch")).length) {
    const from = times === 1 ? "from its start" : "from the save";
    lab.note(`watch, ${from}`, Number(seconds));
  }
  return (await lab.bootc("ssh", id, "cat /etc/edition; whoami")).stdout;
}

function seenBy(edition: string): string {
  return `${edition}\n${standInUser}\n`;
}
