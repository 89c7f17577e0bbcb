import type { Ownership } from "../kernel/files.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { hasCode } from "../kernel/kernel-error.ts";
import { type Step, stepText } from "./step.ts";

/** Carries out steps one after another and notes each in `done`. Throws the first KernelError. */
export function applySteps(kernel: Kernel, steps: readonly Step[], done: string[]): void {
  for (const step of steps) {
    apply(kernel, step);
    done.push(stepText(step));
  }
}

function apply(kernel: Kernel, step: Step): void {
  switch (step.do) {
    case "mount":
      kernel.mount(step);
      break;
    case "unmount":
      kernel.unmount(step.target);
      break;
    case "folder":
      kernel.mkdir(step.path, ownership(step));
      break;
    case "link":
      linkUnlessThere(kernel, step.path, step.target);
      break;
    case "copyTree":
      kernel.copyTree(step.from, step.to);
      break;
    case "write":
      kernel.writePlain(step.path, step.content, ownership(step));
      break;
    case "own":
      kernel.chown(step.path, step.owner);
      break;
  }
}

function ownership({ mode, owner }: Ownership): Ownership {
  return {
    ...(mode === undefined ? {} : { mode }),
    ...(owner === undefined ? {} : { owner }),
  };
}

function linkUnlessThere(kernel: Kernel, path: string, target: string): void {
  try {
    kernel.symlink(target, path);
  } catch (error) {
    if (!hasCode(error, "EEXIST")) {
      throw error;
    }
  }
}
