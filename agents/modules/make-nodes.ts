import { dirname } from "node:path";
import type { Kernel } from "../kernel/kernel.ts";
import { modulesFolder } from "./module-loader.ts";
import { nodeMode, planNodes } from "./plan-nodes.ts";

/**
 * Makes the nodes in /dev whose opening loads a module, where they aren't there yet; gives what was made, in words.
 * To be called again when modules have come. Throws a KernelError where /dev can't be changed.
 */
export function makeNodes(kernel: Kernel): string[] {
  const folder = modulesFolder(kernel);
  const listed =
    folder === undefined ? undefined : kernel.readTextIfPresent(`${folder}/modules.devname`);
  const missing = planNodes(listed ?? "").filter(({ path }) => !kernel.exists(path));
  for (const node of missing) {
    kernel.mkdir(dirname(node.path));
    kernel.mknod(node.path, node);
  }
  if (kernel.exists("/dev/fuse")) {
    kernel.chmod("/dev/fuse", nodeMode("/dev/fuse"));
  }
  return missing.map(({ path }) => `make node ${path}`);
}
