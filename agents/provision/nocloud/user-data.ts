import { mebibyte } from "../../units/bytes.ts";
import { listed } from "../model/listed.ts";
import { isMime, readMultipart } from "./multipart.ts";
import { isList, isMap, type YamlMap } from "./values.ts";
import { readYaml } from "./yaml.ts";

/** What user-data holds. */
export interface UserData {
  /** Its cloud-configs, each read as YAML, in their order. */
  configs: YamlMap[];
  /** Its other parts, by what they are: "a script". */
  notHonoured: string[];
  warnings: string[];
}

const maxBytes = mebibyte;
/** Packed in a part of something packed. */
const maxDepth = 5;

/** By how a text starts, as cloud-init tells them apart; the longer ones first. */
const starts: readonly (readonly [start: string, kind: Kind])[] = [
  ["#cloud-config-archive", "archive"],
  ["#cloud-config-jsonp", "a JSON patch"],
  ["#cloud-config", "config"],
  ["#!", "a script"],
  ["#cloud-boothook", "a boot hook"],
  ["#include", "an include"],
  ["#part-handler", "a part handler"],
  ["#upstart-job", "an upstart job"],
  ["## template:", "a template"],
];

const typesOfText: readonly string[] = [
  "text/plain",
  "text/x-not-multipart",
  "application/octet-stream",
  ...["gzip", "gzip-compressed", "gzipped", "x-gzip", "x-compress", "x-compressed"].map(
    (name) => `application/${name}`,
  ),
];

type Kind = "archive" | "config" | `a${string}`;

/**
 * Reads user-data in the forms that cloud-init takes (its documentation: "User-data formats"): a cloud-config, also as
 * JSON, an archive of them, a MIME multipart, and each of them packed with gzip. Never throws.
 *
 * @param unpack gzip with a bound on what comes out; throws an Error
 */
export function readUserData(
  bytes: Buffer,
  unpack: (bytes: Buffer, maxBytes: number) => Buffer,
): UserData {
  const found: UserData = { configs: [], notHonoured: [], warnings: [] };
  let budget = maxBytes;
  const read = (content: Buffer, type: string | undefined, depth: number): void => {
    if (depth > maxDepth) {
      throw new Error(`parts nested more than ${maxDepth} deep`);
    }
    if (content[0] === 0x1f && content[1] === 0x8b) {
      const unpacked = unpack(content, budget);
      budget -= unpacked.length;
      read(unpacked, type, depth + 1);
      return;
    }
    const start = /^(?:\xef\xbb\xbf)?\s*/.exec(content.toString("latin1"))?.[0].length ?? 0;
    const trimmed = content.subarray(start);
    if (trimmed.length === 0) {
      return;
    }
    const head = trimmed.toString("latin1", 0, 40);
    if (isMime(head) && !isConfigType(type)) {
      for (const part of readMultipart(trimmed)) {
        attempt(() => read(part.content, part.type, depth + 1));
      }
      return;
    }
    // The blanks before the first line count in YAML.
    readKind(kindOf(head, type), content.toString("utf8").replace(/^\uFEFF/, ""), depth);
  };
  const keep = (value: unknown): void => {
    if (isMap(value)) {
      found.configs.push(value);
    } else if (value !== undefined) {
      throw new Error("a #cloud-config is not a map of names and values");
    }
  };
  const readKind = (kind: Kind | undefined, text: string, depth: number): void => {
    if (kind === "config") {
      keep(readYaml(text));
    } else if (kind === "archive") {
      for (const { content, type } of archived(readYaml(text))) {
        attempt(() => read(Buffer.from(content), type, depth + 1));
      }
    } else if (kind === undefined) {
      // Only what can be nothing else: a text that is one mapping.
      const value = readYaml(text);
      if (!isMap(value)) {
        throw new Error("it doesn't start with #cloud-config, nor as anything else that is known");
      }
      found.warnings.push("it is read although its first line is not #cloud-config");
      found.configs.push(value);
    } else {
      found.notHonoured.push(kind);
    }
  };
  /** What is wrong with one part keeps nobody from reading the others. */
  const attempt = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      found.warnings.push(error instanceof Error ? error.message : String(error));
    }
  };
  attempt(() => read(bytes, undefined, 0));
  return found;
}

function isConfigType(type: string | undefined): boolean {
  return type === "text/cloud-config";
}

/** What a text is, by its type where that says it, else by how it starts. */
function kindOf(head: string, type: string | undefined): Kind | undefined {
  if (isConfigType(type)) {
    return "config";
  }
  if (type === "text/cloud-config-archive") {
    return "archive";
  }
  if (type !== undefined && !typesOfText.includes(type)) {
    return `a part of type ${listed([type])}`;
  }
  const start = head.toLowerCase();
  return starts.find(([known]) => start.startsWith(known))?.[1];
}

/** The items of a #cloud-config-archive: texts, or maps of a content and its type. */
function archived(value: unknown): { content: string; type: string | undefined }[] {
  if (!isList(value)) {
    throw new Error("a #cloud-config-archive is not a list");
  }
  return value.flatMap((item) => {
    const content = isMap(item) ? item.content : item;
    const type = isMap(item) ? item.type : undefined;
    return typeof content === "string"
      ? [{ content, type: typeof type === "string" ? type.toLowerCase() : undefined }]
      : [];
  });
}
