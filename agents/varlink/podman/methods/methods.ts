import type { Fields } from "../../json/json.ts";
import type { Call, Handler } from "../../service/interface.ts";
import { VarlinkError } from "../../service/varlink-error.ts";
import { type Podman, RestError } from "../rest/podman.ts";

/** Handlers of a group of methods, by their names. */
export type Methods = Readonly<Record<string, Handler>>;

/** An error of io.podman's. */
export function podmanError(
  name: string,
  parameters: ConstructorParameters<typeof VarlinkError>[1],
): VarlinkError {
  return new VarlinkError(`io.podman.${name}`, parameters);
}

/** A failure that has no name of its own, in Podman's words. */
export function errorOccurred(reason: string): VarlinkError {
  return podmanError("ErrorOccurred", { reason });
}

/** The errors of what isn't there. */
export type NotFound = "ContainerNotFound" | "ImageNotFound" | "VolumeNotFound" | "PodNotFound";

/** What is asked of something with that name; its not being there is an error of its own. */
export async function asked<T>(error: NotFound, name: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (thrown) {
    if (thrown instanceof RestError && thrown.status === 404) {
      const reason = thrown.message;
      throw podmanError(error, error === "PodNotFound" ? { name, reason } : { id: name, reason });
    }
    throw thrown;
  }
}

/** A path below "/libpod" with a name in it, whatever the name has in it. */
export function pathOf(kind: string, name: string, action = ""): string {
  if (name === "") {
    throw errorOccurred("no name or ID was given");
  }
  return `/libpod/${kind}/${encodeURIComponent(name)}${action === "" ? "" : `/${action}`}`;
}

/** All that Podman knows of a container. */
export function inspectContainer(podman: Podman, name: string, size = false): Promise<Fields> {
  const path = pathOf("containers", name, "json");
  return asked("ContainerNotFound", name, podman.object({ method: "GET", path, query: { size } }));
}

/** A container's whole ID. */
export async function containerId(podman: Podman, name: string): Promise<string> {
  return (await inspectContainer(podman, name)).text("Id");
}

/** Replies as they come to whoever takes more; else once, at the end, with all logs. */
export class LogReplies {
  readonly #logs: string[] = [];

  constructor(
    private readonly call: Call,
    private readonly member: string,
  ) {}

  async add(line: string): Promise<void> {
    if (this.call.wantsMore) {
      await this.call.replyMore({ [this.member]: { logs: [line], id: "" } });
    } else {
      this.#logs.push(line);
    }
  }

  last(id: string) {
    return { [this.member]: { logs: this.#logs, id } };
  }
}

/** "key=value" words as Podman's filters; a word without a value is one of `otherwise`. */
export function filtersText(words: readonly string[]): string | undefined {
  if (words.length === 0) {
    return undefined;
  }
  const filters: Record<string, string[]> = {};
  for (const word of words) {
    const equals = word.indexOf("=");
    if (equals < 1) {
      throw errorOccurred(`filter "${word}" is not NAME=VALUE`);
    }
    const name = word.slice(0, equals);
    filters[name] = [...(filters[name] ?? []), word.slice(equals + 1)];
  }
  return JSON.stringify(filters);
}
