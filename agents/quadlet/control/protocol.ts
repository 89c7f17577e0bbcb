import type { ListedService } from "../run/service-list.ts";

/** What a client may ask for. */
export const verbs = ["ls", "start", "stop", "restart", "reload", "stop-all"] as const;
/** One of them. */
export type Verb = (typeof verbs)[number];

/** A request, as one line of JSON. */
export interface ServiceRequest {
  verb: Verb;
  /** Services, or Quadlet files. */
  names: readonly string[];
}

/** The answer to it. */
export interface ServiceAnswer {
  done: readonly string[];
  failed: readonly string[];
  warnings: readonly string[];
  services: readonly ListedService[];
}

const mostNames = 256;
const longestName = 256;

/** The socket at which that owner's services are asked for. */
export function controlPath(uid: number): string {
  return `/run/boot2podman/services-${uid}.sock`;
}

/** Reads a request, which may be anything. Throws an Error in one line. By hand, since the resident agent loads no zod. */
export function parseRequest(text: string): ServiceRequest {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch (error) {
    throw new Error("the request is no JSON", { cause: error });
  }
  if (typeof read !== "object" || read === null || !("verb" in read && "names" in read)) {
    throw new Error("the request has no verb and names");
  }
  const verb = verbs.find((one) => one === read.verb);
  const { names } = read;
  if (verb === undefined) {
    throw new Error("the request's verb is unknown");
  }
  if (!Array.isArray(names) || names.length > mostNames || !names.every(isName)) {
    throw new Error("the request's names are no names of services");
  }
  return { verb, names };
}

function isName(name: unknown): name is string {
  return (
    typeof name === "string" && name.length <= longestName && /^[A-Za-z0-9:_.\\@-]+$/.test(name)
  );
}
