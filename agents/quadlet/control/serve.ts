import { oneLine } from "../../command/one-line.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { ServiceManager, ServicesResult } from "../run/manager.ts";
import type { SpecifierValues } from "../unit/specifiers.ts";
import { controlPath, parseRequest, type ServiceAnswer, type ServiceRequest } from "./protocol.ts";

/** The managers of all owners; each is made when it is first needed. */
export interface Managers {
  of(user: SpecifierValues["user"]): Promise<ServiceManager>;
  stopAll(): Promise<void>;
}

/** Answers what that owner asks about his services, from now on. Throws a KernelError when nobody can listen. */
export function serveControl(
  kernel: Kernel,
  user: SpecifierValues["user"],
  managers: Managers,
): void {
  kernel.mkdir("/run/boot2podman");
  kernel.answerRequests(controlPath(user.uid), {
    owner: user,
    answer: async (text) => JSON.stringify(await answered(user, managers, text)),
  });
}

/** Never rejects. */
async function answered(
  user: SpecifierValues["user"],
  managers: Managers,
  text: string,
): Promise<ServiceAnswer> {
  try {
    const request = parseRequest(text);
    if (request.verb === "stop-all") {
      if (user.uid !== 0) {
        throw new Error("stop-all is root's");
      }
      await managers.stopAll();
      return { done: [], failed: [], warnings: [], services: [] };
    }
    const manager = await managers.of(user);
    const result = await done(manager, request);
    return { ...result, services: manager.list() };
  } catch (error) {
    return { done: [], failed: [oneLine(error)], warnings: [], services: [] };
  }
}

async function done(
  manager: ServiceManager,
  { verb, names }: ServiceRequest,
): Promise<ServicesResult> {
  switch (verb) {
    case "start":
      return await manager.start(names);
    case "stop":
      return await manager.stop(names);
    case "restart":
      return await manager.restart(names);
    case "reload":
      return await manager.reload();
    default:
      return { done: [], failed: [], warnings: manager.warnings };
  }
}
