import type { Kernel } from "../../kernel/kernel.ts";
import { hasCode } from "../../kernel/kernel-error.ts";
import type { Limit } from "../../kernel/quiet.ts";
import { controlPath, type ServiceAnswer, type ServiceRequest } from "./protocol.ts";

/** Asks the resident agent about that owner's services. Throws an Error in one line when it doesn't answer. */
export async function askServices(
  kernel: Kernel,
  uid: number,
  request: ServiceRequest,
  timeoutMs: Limit,
): Promise<ServiceAnswer> {
  try {
    const text = await kernel.request(controlPath(uid), JSON.stringify(request), timeoutMs);
    // Our own agent's, over a socket that root alone can have made.
    return JSON.parse(text) as ServiceAnswer;
  } catch (error) {
    if (hasCode(error, "ENOENT", "ECONNREFUSED")) {
      throw new Error("no services are kept for this user: the resident agent doesn't run", {
        cause: error,
      });
    }
    if (hasCode(error, "EACCES", "EPERM")) {
      throw new Error("only root and the user may ask for these services", { cause: error });
    }
    throw error;
  }
}
