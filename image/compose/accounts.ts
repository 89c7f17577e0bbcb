import { type ContentStore, storeContent } from "../files/content.ts";
import type { Entry } from "../files/entry.ts";
import type { Recipe } from "../recipe/recipe.ts";

/** The account files below etc, made of the recipe's users and groups. */
export function composeAccounts(
  recipe: Pick<Recipe, "users" | "groups" | "sub_ids">,
  store: ContentStore,
): Entry[] {
  return Object.entries(accountFiles(recipe)).map(([path, text]) => {
    const bytes = Buffer.from(text);
    const sha256 = storeContent(store, bytes);
    return { path, type: "file", mode: 0o644, uid: 0, gid: 0, sizeBytes: bytes.length, sha256 };
  });
}

/** Text of each account file: passwd(5), group(5), shadow(5), subuid(5). */
export function accountFiles({
  users,
  groups,
  sub_ids: more,
}: Pick<Recipe, "users" | "groups" | "sub_ids">): Record<string, string> {
  const lines = (all: readonly string[]) => all.map((line) => `${line}\n`).join("");
  const subIds = [
    ...users.map(({ name, sub_ids }) => [name, sub_ids] as const),
    ...Object.entries(more),
  ].flatMap(([name, ids]) => (ids ? [`${name}:${ids.join(":")}`] : []));
  const members = (group: string) =>
    users.filter((user) => user.groups.includes(group)).map(({ name }) => name);
  return {
    "etc/passwd": lines(
      users.map(({ name, uid, gid, home, shell }) => `${name}:x:${uid}:${gid}::${home}:${shell}`),
    ),
    "etc/group": lines(
      Object.entries(groups).map(([name, gid]) => `${name}:x:${gid}:${members(name).join(",")}`),
    ),
    // "*" is no password; "!" would make sshd refuse keys too (sshd(8), "LOGIN PROCESS").
    "etc/shadow": lines(users.map(({ name }) => `${name}:*:::::::`)),
    "etc/subuid": lines(subIds),
    "etc/subgid": lines(subIds),
  };
}
