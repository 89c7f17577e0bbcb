import type { Kernel } from "../../kernel/kernel.ts";
import { runChecked } from "../../kernel/run-checked.ts";
import { noHooksPath, stateFolder } from "../../kernel/state-folder.ts";
import type { Stage } from "../../stage/stage.ts";

/** What Tiny Core's filetool keeps. */
export const backupPath = `${stateFolder}/tce/mydata.tgz`;
const timeoutMs = { quietMs: 60_000 };

/** Restores what filetool.sh has kept, before anything of a person's runs. */
export const filetoolStage: Stage = {
  name: "filetool",
  needs: ["automount", "settings"],
  deadlineMs: 60_000,
  async run({ kernel, options }) {
    if (!isKept(kernel)) {
      return { result: "skipped", message: "no mydata.tgz" };
    }
    if (!options.restore) {
      return { result: "skipped", message: "norestore" };
    }
    await runChecked(kernel, ["filetool.sh", "-r"], { timeoutMs });
    return { result: "ok", message: `restored ${backupPath}` };
  },
};

/** Keeps the files anew at the shutdown, where a backup was made before. */
export async function backUp(kernel: Kernel): Promise<void> {
  if (isKept(kernel) && kernel.exists("/opt/.filetool.lst")) {
    await runChecked(kernel, ["filetool.sh", "-b"], { timeoutMs });
  }
}

function isKept(kernel: Kernel): boolean {
  return kernel.lstat(backupPath)?.kind === "file" && !kernel.exists(noHooksPath);
}
