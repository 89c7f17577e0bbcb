import { loadModules } from "../../modules/module-loader.ts";
import type { Stage } from "../../stage/stage.ts";

/** Where handlers for programs of another processor are registered (kernel: Documentation/admin-guide/binfmt-misc.rst). */
export const binfmtFolder = "/proc/sys/fs/binfmt_misc";

/**
 * The kernel's list of handlers for programs of another processor, empty as it is. Containers that register some look
 * for the folder, which is there only once the module is. Nothing waits for it.
 */
export const binfmtStage: Stage = {
  name: "binfmt",
  needs: ["ready"],
  deadlineMs: 10_000,
  async run({ kernel }) {
    await loadModules(kernel, ["binfmt_misc"]);
    // The folder may be there without the module.
    const known = kernel.readTextIfPresent("/proc/filesystems") ?? "";
    if (!/\bbinfmt_misc$/m.test(known)) {
      return { result: "skipped", message: "this kernel has no binfmt_misc" };
    }
    if (!kernel.mounts().some(({ target }) => target === binfmtFolder)) {
      const flags = ["nosuid", "nodev", "noexec"] as const;
      kernel.mount({ source: "binfmt_misc", target: binfmtFolder, type: "binfmt_misc", flags });
    }
    return { result: "ok", message: binfmtFolder };
  },
};
