import * as z from "zod/mini";
import { oneLine } from "../../command/one-line.ts";
import { bytesOf, mostBytes } from "./data-url.ts";
import type {
  Entry,
  Ignition,
  IgnitionGroup,
  IgnitionUnit,
  IgnitionUser,
  NamedOwner,
} from "./ignition.ts";

/** The newest spec whose fields are known here. */
const newestMinor = 5;

const maybe = <T extends z.core.SomeType>(type: T) => z.optional(z.nullable(type));
const text = z.string().check(z.maxLength(4096));
const name = z.string().check(z.regex(/^[a-z_][a-z0-9_.-]{0,30}$/i));
const id = z.int().check(z.minimum(0), z.maximum(0xffff_fffe));
const mode = z.int().check(z.minimum(0), z.maximum(0o7777));
const list = maybe(z.array(z.unknown()));

const ownerSchema = maybe(z.object({ id: maybe(id), name: maybe(text) }));
const resourceSchema = z.object({
  source: maybe(z.string()),
  compression: maybe(text),
  verification: maybe(z.object({ hash: maybe(text) })),
});
const node = { path: text, overwrite: maybe(z.boolean()), user: ownerSchema, group: ownerSchema };

const configSchema = z.object({
  ignition: z.object({ version: text }),
  passwd: maybe(z.object({ users: list, groups: list })),
  storage: maybe(z.object({ directories: list, files: list, links: list })),
  systemd: maybe(z.object({ units: list })),
});
const userSchema = z.object({
  name,
  sshAuthorizedKeys: maybe(z.array(z.string())),
  uid: maybe(id),
  groups: maybe(z.array(name)),
  homeDir: maybe(text),
  shell: maybe(text),
  shouldExist: maybe(z.boolean()),
});
const groupSchema = z.object({ name, gid: maybe(id), shouldExist: maybe(z.literal(true)) });
const folderSchema = z.object({ ...node, mode: maybe(mode) });
const fileSchema = z.object({
  ...node,
  mode: maybe(mode),
  contents: maybe(resourceSchema),
  append: maybe(z.array(resourceSchema)),
});
const linkSchema = z.object({ ...node, target: text, hard: maybe(z.literal(false)) });
const unitSchema = z.object({
  name: text,
  enabled: maybe(z.boolean()),
  mask: maybe(z.boolean()),
  contents: maybe(z.string()),
  dropins: maybe(z.array(z.object({ name: text, contents: maybe(z.string()) }))),
});

/**
 * Reads an Ignition config (coreos.github.io/ignition, configuration v3.0 to v3.5). What is wrong with one item keeps
 * none of the others; what isn't known is named in `notHonoured`. Never throws.
 */
export function readIgnition(bytes: Uint8Array): Ignition {
  const warnings: string[] = [];
  const notHonoured: string[] = [];
  const nothing = { users: [], groups: [], entries: [], units: [], notHonoured, warnings };
  if (bytes.length > mostBytes) {
    warnings.push(`it is longer than ${mostBytes} bytes, and nothing of it is used`);
    return nothing;
  }
  const config = parsed(bytes, warnings, notHonoured);
  if (config === undefined) {
    return nothing;
  }
  const each = <T, M>(
    where: string,
    items: readonly unknown[] | null | undefined,
    schema: z.ZodMiniType<T>,
    make: (item: T) => M,
  ): M[] =>
    (items ?? []).flatMap((item, index) => {
      const named = `${where} ${nameOf(item) ?? index + 1}`;
      try {
        const checked = schema.safeParse(item);
        if (!checked.success) {
          throw new Error(issueText(checked.error.issues));
        }
        notHonoured.push(...leftOut(item, checked.data).map((part) => `${named}: ${part}`));
        return [make(checked.data)];
      } catch (error) {
        warnings.push(`${named} is not honoured: ${oneLine(error)}`);
        return [];
      }
    });
  const { passwd, storage, systemd } = config;
  return {
    users: each("user", passwd?.users, userSchema, userOf),
    groups: each("group", passwd?.groups, groupSchema, groupOf),
    entries: [
      ...each("directory", storage?.directories, folderSchema, (item) => ({
        ...nodeOf(item),
        kind: "folder" as const,
        mode: item.mode ?? 0o755,
      })),
      ...each("file", storage?.files, fileSchema, (item) => ({
        ...nodeOf(item),
        kind: "file" as const,
        mode: item.mode ?? undefined,
        content:
          item.contents?.source === undefined || item.contents.source === null
            ? undefined
            : contentOf(item.contents),
        append: (item.append ?? []).map(contentOf),
      })),
      ...each("link", storage?.links, linkSchema, (item) => ({
        ...nodeOf(item),
        kind: "link" as const,
        target: item.target,
      })),
    ],
    units: each("unit", systemd?.units, unitSchema, unitOf),
    notHonoured,
    warnings,
  };
}

function parsed(bytes: Uint8Array, warnings: string[], notHonoured: string[]) {
  try {
    const raw: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    const checked = configSchema.safeParse(raw);
    if (!checked.success) {
      throw new Error(issueText(checked.error.issues));
    }
    const { version } = checked.data.ignition;
    const [, minor] = /^3\.(\d{1,3})\.0(?:-experimental)?$/.exec(version) ?? [];
    if (minor === undefined) {
      throw new Error(`its version ${JSON.stringify(version)} is not 3.0.0 to 3.${newestMinor}.0`);
    }
    if (Number(minor) > newestMinor) {
      notHonoured.push(`what is new in version ${version}`);
    }
    notHonoured.push(...leftOut(raw, checked.data));
    return checked.data;
  } catch (error) {
    warnings.push(`nothing of it is used: ${oneLine(error)}`);
    return undefined;
  }
}

/** Names of what the config has and the schema doesn't know, unless it is empty and asks for nothing. */
function leftOut(raw: unknown, known: unknown, at = ""): string[] {
  if (!isObject(raw) || !isObject(known)) {
    return [];
  }
  return Object.entries(raw).flatMap(([key, value]) => {
    const where = at === "" ? key : `${at}.${key}`;
    if (Object.hasOwn(known, key)) {
      return leftOut(value, known[key], where);
    }
    return asksForSomething(value) ? [where] : [];
  });
}

function asksForSomething(value: unknown): boolean {
  return typeof value === "object" ? Object.values(value ?? {}).some(asksForSomething) : true;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function nameOf(item: unknown): string | undefined {
  const found = isObject(item) ? (item.path ?? item.name) : undefined;
  return typeof found === "string" ? JSON.stringify(found.slice(0, 100)) : undefined;
}

function issueText(issues: readonly z.core.$ZodIssue[]): string {
  const [first] = issues;
  const where = first?.path.join(".") ?? "";
  return `${where === "" ? "it" : where}: ${first?.message.toLowerCase() ?? "invalid"}`;
}

function userOf(user: z.infer<typeof userSchema>): IgnitionUser {
  return {
    name: user.name,
    keys: user.sshAuthorizedKeys ?? [],
    uid: user.uid ?? undefined,
    groups: user.groups ?? [],
    home: user.homeDir ?? undefined,
    shell: user.shell ?? undefined,
    shouldExist: user.shouldExist ?? true,
  };
}

function groupOf(group: z.infer<typeof groupSchema>): IgnitionGroup {
  return { name: group.name, gid: group.gid ?? undefined };
}

type Node = z.infer<typeof linkSchema> | z.infer<typeof folderSchema>;

function nodeOf(
  item: Pick<Node, "path" | "overwrite" | "user" | "group">,
): Pick<Entry, "path" | "overwrite" | "owner"> {
  const { path } = item;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (!/^(?:\/[^/\x00-\x1f]+)+$/.test(path) || /\/\.\.?(?:\/|$)/.test(path)) {
    throw new Error("its path is not absolute, or has empty parts, . or ..");
  }
  const owner: NamedOwner = {
    uid: item.user?.id ?? item.user?.name ?? undefined,
    gid: item.group?.id ?? item.group?.name ?? undefined,
  };
  return { path, overwrite: item.overwrite ?? false, owner };
}

function contentOf({ source, compression, verification }: z.infer<typeof resourceSchema>): Buffer {
  return bytesOf({ source, compression, hash: verification?.hash });
}

function unitOf(unit: z.infer<typeof unitSchema>): IgnitionUnit {
  return {
    name: unit.name,
    enabled: unit.enabled ?? undefined,
    mask: unit.mask ?? false,
    contents: unit.contents ?? "",
    dropIns: (unit.dropins ?? []).map((one) => one.name),
  };
}
