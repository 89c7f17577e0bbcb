import { KernelError } from "../kernel-error.ts";

/** Runs one call of node:fs and turns its error into a KernelError that names the operation and the path. */
export function attempt<T>(operation: string, path: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw asKernelError(operation, path, error);
  }
}

/** The KernelError of what node or Bun threw; a KernelError stays itself. */
export function asKernelError(operation: string, path: string, error: unknown): KernelError {
  if (error instanceof KernelError) {
    return error;
  }
  const code = errorCode(error);
  const detail = code === undefined ? { detail: String(error) } : {};
  return new KernelError(operation, path, code ?? "EUNKNOWN", { ...detail, cause: error });
}

function errorCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) {
    return undefined;
  }
  // node:os gives the kernel's code one level deeper.
  if (error.code === "ERR_SYSTEM_ERROR" && "info" in error) {
    return errorCode(error.info);
  }
  return typeof error.code === "string" ? error.code : undefined;
}
